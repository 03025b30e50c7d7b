{{- /* [[ header ]] */ -}}
[% for form, text in texts.items() %]
{{- define "ai-ml-observability.dashboards.[[ name ]][[ form ]]" -}}
[[ text ]]
{{- end -}}
[% endfor %]
