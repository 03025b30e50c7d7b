{{- /* [[ header ]] */ -}}
{{- define "ai-ml-observability.monitors.[[ name ]]" -}}
# [[ description ]]
[[ head ]]
endpoints:
[% for endpoint in endpoints %]
  # [[ endpoint.description ]]
[[ endpoint.text ]]
[% endfor %]
{{- end -}}
