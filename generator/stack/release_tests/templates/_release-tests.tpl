{{- /* [[ header ]] */ -}}

{{- /* ai-ml-observability.tests.plan: what `helm test` asks of whom, as JSON: the program generator/cluster/release_test.py
       reads it. `questions` has those that fit this release. */ -}}
{{- define "ai-ml-observability.tests.plan" -}}
{{- $stack := index .Values "kube-prometheus-stack" | default dict -}}
{{- $shipper := index .Values "fluent-bit" | default dict -}}
{{- $states := index .Values "kube-state-metrics" | default dict -}}
{{- $grafana := $stack.grafana | default dict -}}
{{- $questions := dict -}}
[# One less than what Helm waits, five minutes, so that the Pod says what is missing. #]
{{- $plan := dict "seconds" 200 -}}
{{- if and $stack.enabled (dig "prometheus" "enabled" true $stack) -}}
  {{- $_ := set $plan "prometheus" (printf "http://%s-prometheus:%v" $stack.fullnameOverride (dig "prometheus" "service" "port" 9090 $stack)) -}}
  {{- $_ := set $questions "targets" "does Prometheus have all monitors, and targets and rules without an error?" -}}
  {{- $monitors := list -}}
  {{- range $name := list[% for name in monitors %] "[[ name ]]"[% endfor %] -}}
    {{- range regexFindAll `kind: (Pod|Service)Monitor\nmetadata:\n  name: \S+` (include "ai-ml-observability.monitor" (list $ $name)) -1 -}}
      {{- $kind := ternary "podMonitor" "serviceMonitor" (hasPrefix "kind: Pod" .) -}}
      {{- $monitors = append $monitors (printf "%s/%s/%s" $kind $.Release.Namespace (regexFind `\S+$` . | trimAll `"`)) -}}
    {{- end -}}
  {{- end -}}
  {{- $_ := set $plan "monitors" $monitors -}}
  {{- $jobs := list -}}
  {{- if dig "kubeApiServer" "enabled" true $stack -}}{{- $jobs = append $jobs "apiserver" -}}{{- end -}}
  {{- if dig "kubelet" "enabled" true $stack -}}{{- $jobs = append $jobs "kubelet" -}}{{- end -}}
  {{- if dig "nodeExporter" "enabled" true $stack -}}{{- $jobs = append $jobs "node-exporter" -}}{{- end -}}
  {{- if and $states.enabled (dig "prometheus" "monitor" "enabled" false $states) -}}{{- $jobs = append $jobs "kube-state-metrics" -}}{{- end -}}
  {{- if and $shipper.enabled (has (printf "podMonitor/%s/fluent-bit" .Release.Namespace) $monitors) -}}{{- $jobs = append $jobs "fluent-bit" -}}{{- end -}}
  {{- if and .Values.opensearch.enabled .Values.opensearchExporter.enabled (has (printf "podMonitor/%s/opensearch" .Release.Namespace) $monitors) -}}{{- $jobs = append $jobs "opensearch" -}}{{- end -}}
  {{- $_ := set $plan "jobs" $jobs -}}
  {{- if dig "alertmanager" "enabled" true $stack -}}
    {{- $_ := set $plan "alertmanager" (printf "http://%s-alertmanager:%v" $stack.fullnameOverride (dig "alertmanager" "service" "port" 9093 $stack)) -}}
    {{- $general := and (dig "defaultRules" "create" true $stack) (dig "defaultRules" "rules" "general" true $stack) (not (dig "defaultRules" "disabled" "Watchdog" false $stack)) -}}
    {{- $_ := set $plan "watchdog" $general -}}
    {{- $_ := set $questions "alerts" (printf "do alerts come to Alertmanager, and can it deliver? They %s" (include "ai-ml-observability.notes.alerts" $stack.alertmanager)) -}}
  {{- end -}}
{{- end -}}
{{- if and $stack.enabled (dig "enabled" true $grafana) -}}
  {{- $_ := set $plan "grafana" (printf "http://%s:%v" $grafana.fullnameOverride (dig "service" "port" 80 $grafana)) -}}
  {{- $_ := set $plan "folder" (.Values.dashboards.folder | default "") -}}
  {{- $ours := dict -}}
  {{- range $name, $uid := dict[% for name, uid in dashboards.items() %] "[[ name ]]" "[[ uid ]]"[% endfor %] -}}
    {{- if and $.Values.dashboards.enabled (dig $name "enabled" true $.Values.dashboards) -}}{{- $_ := set $ours $name $uid -}}{{- end -}}
  {{- end -}}
  {{- $_ := set $plan "dashboards" $ours -}}
  {{- $_ := set $questions "dashboards" "does Grafana have the dashboards in their folder, and data sources that answer?" -}}
{{- end -}}
{{- if .Values.opensearch.enabled -}}
  {{- $_ := set $plan "opensearch" "[[ opensearch ]]" -}}
  {{- $_ := set $questions "document" "does OpenSearch take a record from Fluent Bit's login and find it for Grafana's?" -}}
  {{- if $shipper.enabled -}}
    {{- $_ := set $questions "line" "is a line that a container prints found in OpenSearch, once?" -}}
  {{- end -}}
{{- end -}}
{{- $_ := set $plan "questions" $questions -}}
{{- toPrettyJson $plan -}}
{{- end -}}

{{- /* ai-ml-observability.tests.login: the volume of a login, as files. Usage: {{ include "…" (dict "name" SECRET "user" KEY "password" KEY "folder" NAME) }} */ -}}
{{- define "ai-ml-observability.tests.login" -}}
- name: {{ .folder }}
  secret:
    secretName: {{ .name }}
    defaultMode: 0440
    items: [{key: {{ .user | quote }}, path: username}, {key: {{ .password | quote }}, path: password}]
{{- end -}}
