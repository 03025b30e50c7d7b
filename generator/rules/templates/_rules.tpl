{{/* [[ header ]] */}}

{{/*
ai-ml-observability.rules: one workload's PrometheusRule. The workload's template defines its groups under
ai-ml-observability.rules.<name>, thresholds filled in from .Values.rules.<name>; .Values.rules says the rest.
Usage: {{ include "ai-ml-observability.rules" (list . "vllm") }}
*/}}
{{- define "ai-ml-observability.rules" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $common := $root.Values.rules | default dict -}}
{{- $own := index $common $name | default dict -}}
{{- $fixed := include (printf "ai-ml-observability.rules.%s" $name) $root | fromYaml -}}
{{- with $fixed.Error -}}{{- fail . -}}{{- end -}}
{{- $stack := index $root.Values "kube-prometheus-stack" | default dict -}}
{{- $prometheus := $stack.prometheus | default dict -}}
{{- if and $stack.enabled (or $prometheus.agentMode (gt (int ($prometheus.prometheusSpec | default dict).shards) 1)) -}}
  {{- fail "kube-prometheus-stack.prometheus: found agentMode, or several prometheusSpec.shards, with which rules and panels see nothing, or a part of the targets alone; expected agentMode false and one shard" -}}
{{- end -}}
{{- $choices := $common.alerts | default dict -}}
{{- $base := include "ai-ml-observability.runbooks.url" $root -}}

{{- $groups := list -}}
{{- range $group := $fixed.groups -}}
  {{- $rules := list -}}
  {{- range $rule := $group.rules -}}
    {{- if $rule.record -}}
      {{- $rules = append $rules $rule -}}
    {{- else -}}
      {{- $choice := index $choices $rule.alert | default dict -}}
      {{- $gone := and $rule.component (not (include "ai-ml-observability.there" (list $root $rule.component))) -}}
      {{- if and (not $gone) (ternary $choice.enabled true (hasKey $choice "enabled")) -}}
        {{- $_ := unset $rule "component" -}}
        {{- $labels := merge (dict) ($rule.labels | default dict) ($group.labels | default dict) ($common.additionalAlertLabels | default dict) -}}
        {{- with $choice.severity -}}{{- $_ := set $labels "severity" . -}}{{- end -}}
        {{- with $labels -}}{{- $_ := set $rule "labels" . -}}{{- end -}}
        {{- with $choice.for -}}{{- $_ := set $rule "for" . -}}{{- end -}}
        {{- if $fixed.brought -}}
        {{- else if $base -}}
          {{- $_ := set $rule.annotations "runbook_url" (printf "%s/%s" $base $rule.annotations.runbook_url) -}}
        {{- else -}}
          {{- $_ := unset $rule.annotations "runbook_url" -}}
        {{- end -}}
        {{- $rules = append $rules $rule -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
  {{- if $rules -}}
    {{- $groups = append $groups (merge (dict "rules" $rules) $group) -}}
  {{- end -}}
{{- end -}}

{{- $labels := include "ai-ml-observability.labels" $root | fromYaml -}}
{{- range $key, $value := $common.labels -}}{{- $_ := set $labels $key $value -}}{{- end -}}
{{- $on := and (ternary $common.enabled true (hasKey $common "enabled")) (ternary $own.enabled $fixed.enabled (hasKey $own "enabled")) -}}
{{- if and $on $groups (include "ai-ml-observability.crd" (list $root "PrometheusRule")) -}}
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: ai-ml-observability-{{ $name }}
  namespace: {{ $root.Release.Namespace | quote }}
  labels:
    {{- toYaml $labels | nindent 4 }}
  {{- with $common.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  groups:
    {{- toYaml $groups | nindent 4 }}
{{- end }}
{{- end -}}
