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
  {{- if dig "enabled" true ($stack.prometheusOperator | default dict) -}}
    {{- $_ := set $checks "prometheusOperator" (dict "name" (printf "%s-operator" $name)) -}}
  {{- end -}}
  {{- if dig "enabled" true ($stack.nodeExporter | default dict) -}}
    {{- $exporter := index $stack "prometheus-node-exporter" | default dict -}}
    {{- $_ := set $checks "nodeExporterPort" (dict "name" (toString $exporter.fullnameOverride) "port" (dig "port" 9100 ($exporter.service | default dict) | int)) -}}
    {{- $nodes = append $nodes "the node exporter" -}}
  {{- end -}}
  [# Where nothing is kept these are null, which dig does not pass over. #]
  {{- with ((((($stack.prometheus | default dict).prometheusSpec | default dict).storageSpec | default dict).volumeClaimTemplate | default dict).spec) -}}
    {{- $volumes = append $volumes (dict "claim" (printf "prometheus-%s-prometheus-db-prometheus-%s-prometheus-0" $name $name) "class" (toString (default "" .storageClassName))) -}}
  {{- end -}}
  {{- with ((((($stack.alertmanager | default dict).alertmanagerSpec | default dict).storage | default dict).volumeClaimTemplate | default dict).spec) -}}
    {{- $volumes = append $volumes (dict "claim" (printf "alertmanager-%s-alertmanager-db-alertmanager-%s-alertmanager-0" $name $name) "class" (toString (default "" .storageClassName))) -}}
  {{- end -}}
{{- end -}}
{{- $kept := $grafana.persistence | default dict -}}
{{- if and $hasGrafana $kept.enabled (not $kept.existingClaim) -}}
  {{- $volumes = append $volumes (dict "claim" $grafana.fullnameOverride "class" (toString (default "" $kept.storageClassName))) -}}
  {{- $login := (($grafana.admin | default dict).existingSecret | default "") -}}
  {{- if and $login (not (.Values.secrets.existing | default dict).grafanaAdmin) (eq $login "[[ secrets.grafanaAdmin.name ]]") -}}
    {{- $_ := set $checks "grafanaVolume" (dict "claim" $grafana.fullnameOverride "secret" $login "earlier" $grafana.fullnameOverride "user" (dig "userKey" "[[ secrets.grafanaAdmin.user_key ]]" ($grafana.admin | default dict)) "password" (dig "passwordKey" "[[ secrets.grafanaAdmin.password_key ]]" ($grafana.admin | default dict))) -}}
  {{- end -}}
{{- end -}}
{{- if and .Values.opensearch.enabled (dig "enabled" true (.Values.opensearch.persistence | default dict)) -}}
  {{- $volumes = append $volumes (dict "claim" "[[ service ]]-[[ service ]]-0" "class" ((.Values.opensearch.persistence | default dict).storageClass | default "" | toString)) -}}
{{- end -}}
{{- with $volumes -}}{{- $_ := set $checks "storageClass" . -}}{{- end -}}
{{- if (index .Values "fluent-bit" | default dict).enabled -}}{{- $nodes = prepend $nodes "Fluent Bit" -}}{{- end -}}
{{- with $nodes -}}{{- $_ := set $checks "podSecurity" . -}}{{- end -}}
{{- range $check, $on := .Values.secrets.checks -}}{{- if not $on -}}{{- $_ := unset $checks $check -}}{{- end -}}{{- end -}}
{{- toPrettyJson $checks -}}
{{- end -}}
