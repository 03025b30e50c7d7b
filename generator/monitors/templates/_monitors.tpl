{{/* [[ header ]] */}}

{{/*
ai-ml-observability.crd: "true" if objects of a kind of the Prometheus operator can be created, else "".
kube-prometheus-stack brings the kinds with it; without it the cluster has to have them already.
Usage: {{ if include "ai-ml-observability.crd" (list . "PrometheusRule") }}
*/}}
{{- define "ai-ml-observability.crd" -}}
{{- $root := index . 0 -}}
{{- $stack := index $root.Values "kube-prometheus-stack" | default dict -}}
{{- if or $stack.enabled ($root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" (index . 1))) -}}
true
{{- end -}}
{{- end -}}

{{/*
ai-ml-observability.there: "true" if the component of this name is on, or something else brings its workload, else "".
Usage: {{ if include "ai-ml-observability.there" (list . "fluent-bit") }}
*/}}
{{- define "ai-ml-observability.there" -}}
{{- $values := (index . 0).Values -}}
{{- if or (index $values (index . 1) | default dict).enabled (has (index . 1) $values.monitors.foreign) -}}true{{- end -}}
{{- end -}}

{{/* ai-ml-observability.milliseconds: a duration such as 1m30s in milliseconds. */}}
{{- define "ai-ml-observability.milliseconds" -}}
{{- $sum := 0 -}}
{{- range regexFindAll `[0-9]+(ms|[hms])` . -1 -}}
  {{- $unit := regexFind `[a-z]+$` . -}}
  {{- $sum = add $sum (mul (trimSuffix $unit . | int64) (get (dict "h" 3600000 "m" 60000 "s" 1000 "ms" 1) $unit)) -}}
{{- end -}}
{{- $sum -}}
{{- end -}}

{{/*
ai-ml-observability.monitor: one workload's PodMonitors or ServiceMonitors. The workload's template defines what is
fixed under ai-ml-observability.monitors.<name>; .Values.monitors and .Values.monitors.<name> say the rest.
Usage: {{ include "ai-ml-observability.monitor" (list . "ray") }}
*/}}
{{- define "ai-ml-observability.monitor" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $fixed := include (printf "ai-ml-observability.monitors.%s" $name) $root | fromYaml -}}
{{- $common := $root.Values.monitors | default dict -}}
{{- $own := index $common $name | default dict -}}

{{- /* What the workload sets wins over what is common; an empty value counts as set. */ -}}
{{- $set := dict -}}
{{- range $values := list $common $own -}}
  {{- range $key := list "interval" "namespaces" "sampleLimit" "scrapeTimeout" -}}
    {{- if hasKey $values $key -}}{{- $_ := set $set $key (index $values $key) -}}{{- end -}}
  {{- end -}}
{{- end -}}

{{- /* Maps are merged, lists are added to each other. */ -}}
{{- $labels := include "ai-ml-observability.labels" $root | fromYaml -}}
{{- $annotations := dict -}}
{{- range $values := list $common $own -}}
  {{- range $key, $value := $values.labels -}}{{- $_ := set $labels $key $value -}}{{- end -}}
  {{- range $key, $value := $values.annotations -}}{{- $_ := set $annotations $key $value -}}{{- end -}}
{{- end -}}
{{- $metricRelabelings := list -}}
{{- range $regex := concat ($common.dropMetrics | default list) ($fixed.dropMetrics | default list) ($own.dropMetrics | default list) | uniq -}}
  {{- $_ := mustRegexMatch $regex "" -}}
  {{- $metricRelabelings = append $metricRelabelings (dict "action" "drop" "sourceLabels" (list "__name__") "regex" $regex) -}}
{{- end -}}
{{- with concat ($common.dropLabels | default list) ($fixed.dropLabels | default list) ($own.dropLabels | default list) | uniq -}}
  {{- $metricRelabelings = append $metricRelabelings (dict "action" "labeldrop" "regex" (join "|" .)) -}}
{{- end -}}

{{- /* An endpoint of one's own finds what the first built-in one finds, on a port of its own, unless it says what it finds. */ -}}
{{- $all := $fixed.endpoints -}}
{{- range $key, $given := $own.endpoints -}}
  {{- $known := list -}}
  {{- range $fixed.endpoints -}}{{- $known = append $known .name -}}{{- end -}}
  {{- if not (has $key $known) -}}
    {{- if not (or $given.port $given.ports $given.find) -}}
      {{- fail (printf "monitors.%s.endpoints.%s: expected port, ports or find, as an endpoint of one's own has; built in are %s" $name $key (join ", " $known)) -}}
    {{- end -}}
    {{- $first := index $fixed.endpoints 0 -}}
    {{- $spec := merge (dict "path" "/metrics") (pick $first.spec "honorLabels") -}}
    {{- $all = append $all (merge (dict "name" $key "enabled" true "spec" $spec) (pick $fixed "kept") (ternary (pick $first "except") (pick $first "find" "except" "portOf") (not (empty $given.find)))) -}}
  {{- end -}}
{{- end -}}

{{- $endpoints := list -}}
{{- range $endpoint := $all -}}
  {{- $given := index ($own.endpoints | default dict) $endpoint.name | default dict -}}
  {{- if ternary $given.enabled $endpoint.enabled (hasKey $given "enabled") -}}
    {{- $spec := $endpoint.spec -}}
    {{- range $key, $value := omit $given "enabled" "port" "scrapePort" "find" "except" "ports" "relabelings" "metricRelabelings" -}}
      {{- $_ := set $spec $key $value -}}
    {{- end -}}
    {{- if $given.authorization -}}{{- $spec = omit $spec "bearerTokenFile" -}}{{- end -}}
    {{- if $given.port -}}
      {{- $numbered := ternary "portNumber" "targetPort" (eq $fixed.kind "PodMonitor") -}}
      {{- $spec = omit $spec "port" $numbered -}}
      {{- if kindIs "string" $given.port -}}
        {{- $_ := set $spec "port" $given.port -}}
      {{- else -}}
        {{- $_ := set $spec $numbered (int $given.port) -}}
      {{- end -}}
    {{- else if $given.ports -}}
      {{- $spec = omit $spec "port" "portNumber" "targetPort" -}}
    {{- end -}}
    {{- $targets := include "ai-ml-observability.targets" (dict "name" $name "kind" $fixed.kind "endpoint" $endpoint "given" $given "own" $own) | fromYaml -}}
    {{- $named := list (dict "targetLabel" "job" "replacement" $name) (dict "targetLabel" "endpoint" "replacement" $endpoint.name) -}}
    {{- $relabelings := concat $targets.rules ($endpoint.keep | default list) $named $fixed.relabelings ($endpoint.relabelings | default list) ($given.relabelings | default list) -}}
    {{- with ternary $given.scrapePort $endpoint.scrapePort (hasKey $given "scrapePort") -}}
      {{- /* Whichever container declared the found port, this one need not be its; without the label, look-alikes are one target. */ -}}
      {{- $rewrite := dict "sourceLabels" (list "__address__") "regex" `(.+):\d+` "replacement" (printf "$1:%d" (int .)) "targetLabel" "__address__" -}}
      {{- $relabelings = concat $relabelings (list $rewrite (dict "action" "labeldrop" "regex" "container")) -}}
    {{- end -}}
    {{- $_ := set $spec "relabelings" $relabelings -}}
    {{- with $set.interval -}}{{- $_ := set $spec "interval" . -}}{{- end -}}
    {{- with $set.scrapeTimeout -}}{{- $_ := set $spec "scrapeTimeout" . -}}{{- end -}}
    {{- /* What names it ends up under decides whether a series is kept. */ -}}
    {{- with concat $metricRelabelings ($given.metricRelabelings | default list) ($endpoint.kept | default list) -}}{{- $_ := set $spec "metricRelabelings" . -}}{{- end -}}
    {{- $endpoints = append $endpoints $spec -}}
  {{- end -}}
{{- end -}}

{{- $selectors := $fixed.selectors -}}
{{- if or $own.selector $own.selectors -}}
  {{- $selectors = list (dict "name" $name "selector" ($own.selector | default dict)) -}}
{{- end -}}
{{- $on := and (ternary $common.enabled true (hasKey $common "enabled")) (ternary $own.enabled $fixed.enabled (hasKey $own "enabled")) -}}
{{- if and $on $endpoints (include "ai-ml-observability.crd" (list $root $fixed.kind)) -}}
{{- if and $set.scrapeTimeout $set.interval -}}
  {{- if gt (include "ai-ml-observability.milliseconds" $set.scrapeTimeout | int64) (include "ai-ml-observability.milliseconds" $set.interval | int64) -}}
    {{- fail (printf "monitors.%s.scrapeTimeout: found '%s', expected at most the interval, which is '%s'" $name $set.scrapeTimeout $set.interval) -}}
  {{- end -}}
{{- end -}}
{{- range $selectors }}
---
apiVersion: monitoring.coreos.com/v1
kind: {{ $fixed.kind }}
metadata:
  name: {{ .name | quote }}
  namespace: {{ $root.Release.Namespace | quote }}
  labels:
    {{- toYaml $labels | nindent 4 }}
  {{- with $annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  namespaceSelector:
    {{- toYaml (ternary (dict "matchNames" $set.namespaces) (dict "any" true) (not (empty $set.namespaces))) | nindent 4 }}
  selector:
    {{- toYaml .selector | nindent 4 }}
  {{- with $set.sampleLimit }}
  sampleLimit: {{ int . }}
  {{- end }}
  {{- /* What else a workload's values may have is named and meant as in the operator's objects. */}}
  {{- $rest := omit $own "annotations" "dropLabels" "dropMetrics" "enabled" "endpoints" "interval" "labels" "namespaces" "nativeSidecars" "sampleLimit" "scrapeTimeout" "selector" "selectors" }}
  {{- /* A quantity of the operator's kinds is text or a whole number. */}}
  {{- with $own.nativeHistogramMinBucketFactor }}{{ $_ := set $rest "nativeHistogramMinBucketFactor" (toString .) }}{{ end }}
  {{- with $rest }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{ ternary "podMetricsEndpoints" "endpoints" (eq $fixed.kind "PodMonitor") }}:
    {{- toYaml $endpoints | nindent 4 }}
{{- end }}
{{- end }}
{{- end -}}
