{{- /* [[ header ]] */ -}}
{{- define "ai-ml-observability.rules.[[ name ]]" -}}
{{- $own := index (.Values.rules | default dict) "[[ name ]]" | default dict -}}
# [[ description ]]
enabled: [[ enabled ]]
groups:
[[ groups ]]
{{- end -}}
