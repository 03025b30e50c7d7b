{{- /* [[ header ]] */ -}}
{{- define "ai-ml-observability.dashboards.[[ name ]]" -}}
[[ text ]]
{{- end -}}
