{{- /* [[ header ]] */ -}}

{{- /*
ai-ml-observability.dashboard: one dashboard's ConfigMap. Its JSON is defined under ai-ml-observability.dashboards.<name>;
.Values.dashboards says the rest. The files of rules whose records its panels read follow; if one is not rendered, the form
without records is shown, <name>.raw.
Usage: {{ include "ai-ml-observability.dashboard" (list . "gpu-fleet" "gpu") }}
*/ -}}
{{- define "ai-ml-observability.dashboard" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $dashboards := $root.Values.dashboards -}}
{{- if and $dashboards.enabled (dig $name "enabled" true $dashboards) }}
{{- $labels := include "ai-ml-observability.labels" $root | fromYaml }}
{{- $annotations := dict }}
{{- $form := "" }}
{{- with slice . 2 }}
  {{- $rules := $root.Values.rules | default dict }}
  {{- $recorded := and (dig "records" true $dashboards) (dig "enabled" true $rules) (include "ai-ml-observability.crd" (list $root "PrometheusRule")) }}
  {{- range . }}
    {{- $recorded = and $recorded (dig . "enabled" true $rules) }}
  {{- end }}
  {{- $form = ternary "" ".raw" (not (not $recorded)) }}
{{- end }}
{{- with $dashboards.folder }}
{{- $_ := set $annotations "[[ folder_annotation ]]" . }}
{{- end }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: [[ prefix ]]{{ $name }}
  namespace: {{ $root.Release.Namespace | quote }}
  labels:
    {{- toYaml (mergeOverwrite $labels (deepCopy ($dashboards.labels | default dict))) | nindent 4 }}
  {{- with mergeOverwrite $annotations (deepCopy ($dashboards.annotations | default dict)) }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
data:
  {{ $name }}.json: |
    {{- include (printf "ai-ml-observability.dashboards.%s%s" $name $form) $root | nindent 4 }}
{{- end }}
{{- end -}}
