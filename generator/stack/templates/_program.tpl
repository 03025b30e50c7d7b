{{- /* [[ header ]] */ -}}
{{- define "ai-ml-observability.programs.[[ name ]]" -}}
[[ program ]]{{ end -}}
