{{- /* [[ header ]] */ -}}

{{- /* Labels of every object that this chart renders itself. */ -}}
{{- define "ai-ml-observability.labels" -}}
[# Charts of others write both without quotes; Kubernetes refuses what then is no text, with an error that names neither. #]
{{- range $what, $name := dict "release" .Release.Name "namespace" .Release.Namespace }}
{{- if not (kindIs "string" (printf "name: %s" $name | fromYaml).name) }}
{{- fail (printf "the %s: found the name '%s', which YAML reads as a number, true, false or nothing; expected a name with other letters, such as obs-%s" $what $name $name) }}
{{- end }}
{{- end }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/part-of: ai-ml-observability
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}
