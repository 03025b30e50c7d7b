{{- /* [[ header ]] */ -}}

{{- /* ai-ml-observability.runbooks.url: what stands before a runbook's file name; "" where the pages are nowhere. */ -}}
{{- define "ai-ml-observability.runbooks.url" -}}
{{- $given := .Values.runbooks | default dict -}}
{{- $ingress := $given.ingress | default dict -}}
{{- $base := (.Values.rules | default dict).runbookUrl -}}
{{- if kindIs "string" $base -}}
{{- trimSuffix "/" $base -}}
{{- else if and $given.enabled $ingress.host -}}
{{- printf "%s://%s" (ternary "https" "http" (not (empty $ingress.tlsSecret))) $ingress.host -}}
{{- else if $given.enabled -}}
{{- printf "http://[[ name ]].%s.svc:[[ port ]]" .Release.Namespace -}}
{{- end -}}
{{- end -}}

{{- /* ai-ml-observability.runbooks.pages: the pages, as the data of a ConfigMap. */ -}}
{{- define "ai-ml-observability.runbooks.pages" -}}
[% for page, text in pages.items() %]
[[ page ]]: |
  [[ text | indent(2) ]]
[% endfor %]
{{- end -}}
