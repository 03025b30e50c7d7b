{{- /* [[ header ]] */ -}}

{{- /*
ai-ml-observability.dashboard: one dashboard's ConfigMap. Its JSON is defined under ai-ml-observability.dashboards.<name>;
.Values.dashboards says the rest.
Usage: {{ include "ai-ml-observability.dashboard" (list . "gpu-fleet") }}
*/ -}}
{{- define "ai-ml-observability.dashboard" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $dashboards := $root.Values.dashboards -}}
{{- if and $dashboards.enabled (dig $name "enabled" true $dashboards) }}
{{- $labels := include "ai-ml-observability.labels" $root | fromYaml }}
{{- $annotations := dict }}
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
    {{- include (printf "ai-ml-observability.dashboards.%s" $name) $root | nindent 4 }}
{{- end }}
{{- end -}}
