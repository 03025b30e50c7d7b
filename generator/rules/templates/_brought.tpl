{{- /* [[ header ]] */ -}}
{{- define "ai-ml-observability.rules.[[ name ]]" -}}
# As its author wrote it.
enabled: true
brought: true
groups:
[[ groups ]]
{{- end -}}
