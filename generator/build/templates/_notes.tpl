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
