{{- /* [[ header ]] */ -}}
{{- /* How to read a login's password. Usage: {{ include "…notes.password" (dict "namespace" NAMESPACE "name" SECRET "key" KEY) }} */ -}}
{{- define "ai-ml-observability.notes.password" -}}
kubectl get secret -n {{ .namespace }} {{ .name }} -o jsonpath='{.data.{{ .key | replace "." "\\." }}}' | base64 -d
{{- end -}}
{{- /* Who logs in, where a Secret says so. Usage: {{ include "…notes.user" LOGIN }}, LOGIN as in ai-ml-observability.secrets.plan. */ -}}
{{- define "ai-ml-observability.notes.user" -}}
{{- if .existing -}}
the user is in the key {{ .userKey }} of the Secret {{ .name }}
{{- else -}}
user {{ .username }}
{{- end -}}
{{- end -}}
{{- /* Whom alerts reach. Usage: {{ include "…notes.alerts" VALUES }}, VALUES those of Alertmanager. */ -}}
{{- define "ai-ml-observability.notes.alerts" -}}
{{- $spec := .alertmanagerSpec | default dict -}}
{{- if or $spec.useExistingSecret $spec.alertmanagerConfiguration (not (kindIs "map" .config)) (and .tplConfig .stringConfig) -}}
reach whom the configuration of your own names.
{{- else -}}
  {{- $names := list -}}
  {{- range .config.receivers }}{{ if gt (len .) 1 }}{{ $names = append $names .name }}{{ end }}{{ end -}}
  {{- if $names -}}
reach {{ join ", " $names }}.
  {{- else -}}
REACH NOBODY until gen-chart's alerts.receivers names somebody (docs/alerts.md).
  {{- end -}}
{{- end -}}
{{- end -}}
