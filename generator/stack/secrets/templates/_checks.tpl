{{/* [[ header ]] */}}

{{/*
ai-ml-observability.checks: what the bootstrap looks for in the cluster before it makes anything, by the name under
secrets.checks, as JSON; see generator/cluster/cluster_checks.py. Names are those of the upstream charts' objects.
*/}}
{{- define "ai-ml-observability.checks" -}}
{{- $stack := index .Values "kube-prometheus-stack" | default dict -}}
{{- $grafana := $stack.grafana | default dict -}}
{{- $hasGrafana := and $stack.enabled (ne (dig "enabled" true $grafana) false) -}}
{{- $checks := dict -}}
{{- $volumes := list -}}
{{- $nodes := list -}}
{{- $name := $stack.fullnameOverride -}}
{{- if $stack.enabled -}}
  {{- if dig "prometheusOperator" "enabled" true $stack -}}
    {{- $_ := set $checks "prometheusOperator" (dict "name" (printf "%s-operator" $name)) -}}
  {{- end -}}
  {{- if dig "nodeExporter" "enabled" true $stack -}}
    {{- $exporter := index $stack "prometheus-node-exporter" | default dict -}}
    {{- $_ := set $checks "nodeExporterPort" (dict "name" (toString $exporter.fullnameOverride) "port" (dig "service" "port" 9100 $exporter | int)) -}}
    {{- $nodes = append $nodes "the node exporter" -}}
  {{- end -}}
  {{- with dig "prometheus" "prometheusSpec" "storageSpec" "volumeClaimTemplate" "spec" nil $stack -}}
    {{- $volumes = append $volumes (dict "claim" (printf "prometheus-%s-prometheus-db-prometheus-%s-prometheus-0" $name $name) "class" (toString (default "" .storageClassName))) -}}
  {{- end -}}
  {{- with dig "alertmanager" "alertmanagerSpec" "storage" "volumeClaimTemplate" "spec" nil $stack -}}
    {{- $volumes = append $volumes (dict "claim" (printf "alertmanager-%s-alertmanager-db-alertmanager-%s-alertmanager-0" $name $name) "class" (toString (default "" .storageClassName))) -}}
  {{- end -}}
{{- end -}}
{{- $kept := $grafana.persistence | default dict -}}
{{- if and $hasGrafana $kept.enabled (not $kept.existingClaim) -}}
  {{- $volumes = append $volumes (dict "claim" $grafana.fullnameOverride "class" (toString (default "" $kept.storageClassName))) -}}
  {{- $login := dig "admin" "existingSecret" "" $grafana -}}
  {{- if and $login (not (.Values.secrets.existing | default dict).grafanaAdmin) (eq $login "[[ secrets.grafanaAdmin.name ]]") -}}
    {{- $_ := set $checks "grafanaVolume" (dict "claim" $grafana.fullnameOverride "secret" $login "earlier" $grafana.fullnameOverride "user" (dig "admin" "userKey" "[[ secrets.grafanaAdmin.user_key ]]" $grafana) "password" (dig "admin" "passwordKey" "[[ secrets.grafanaAdmin.password_key ]]" $grafana)) -}}
  {{- end -}}
{{- end -}}
{{- if and .Values.opensearch.enabled (dig "persistence" "enabled" true .Values.opensearch) -}}
  {{- $volumes = append $volumes (dict "claim" "[[ service ]]-[[ service ]]-0" "class" (dig "persistence" "storageClass" "" .Values.opensearch | default "" | toString)) -}}
{{- end -}}
{{- with $volumes -}}{{- $_ := set $checks "storageClass" . -}}{{- end -}}
{{- if (index .Values "fluent-bit" | default dict).enabled -}}{{- $nodes = prepend $nodes "Fluent Bit" -}}{{- end -}}
{{- with $nodes -}}{{- $_ := set $checks "podSecurity" . -}}{{- end -}}
{{- range $check, $on := .Values.secrets.checks -}}{{- if not $on -}}{{- $_ := unset $checks $check -}}{{- end -}}{{- end -}}
{{- toPrettyJson $checks -}}
{{- end -}}
