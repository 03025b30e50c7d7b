{{/* [[ header ]] */}}

{{/*
ai-ml-observability.ways: a relabeling that keeps (or drops) the targets that fit any of some ways.
Usage: {{ include "ai-ml-observability.ways" (dict "action" "keep" "ways" WAYS "ports" PORTS "undeclared" BOOL) | fromYaml }}
A way has image, container, labels and ports as in monitors/*.yaml, and meta: discovered labels and their expressions.
What is joined has no semicolon in it, so no part of an expression can reach into the next one.
*/}}
{{- define "ai-ml-observability.ways" -}}
{{- $all := dict -}}
{{- $ways := list -}}
{{- range $way := .ways -}}
  {{- $fields := $way.meta | default dict | deepCopy -}}
  {{- with $way.image -}}
    {{- $_ := set $fields "__meta_kubernetes_pod_container_image" (printf "(?:[^;]*/)?(?:%s)(?:[:@][^;/]*)?" .) -}}
  {{- end -}}
  {{- with $way.container -}}{{- $_ := set $fields "__meta_kubernetes_pod_container_name" . -}}{{- end -}}
  {{- range $label, $regex := $way.labels -}}
    {{- $_ := set $fields (printf "__meta_kubernetes_pod_label_%s" (include "ai-ml-observability.sanitized" $label)) $regex -}}
  {{- end -}}
  {{- range $field, $regex := $fields -}}
    {{- $_ := mustRegexMatch $regex "" -}}
    {{- $_ := set $all $field true -}}
  {{- end -}}
  {{- $ways = append $ways (dict "fields" $fields "ports" (default $.ports $way.ports)) -}}
{{- end -}}
{{- $sources := keys $all | sortAlpha -}}
{{- $ported := false -}}
{{- range $ways -}}{{- if .ports -}}{{- $ported = true -}}{{- end -}}{{- end -}}
{{- $regexes := list -}}
{{- range $way := $ways -}}
  {{- $parts := list -}}
  {{- range $sources -}}
    {{- $regex := get $way.fields . | toString -}}
    {{- $bare := or (not (hasKey $way.fields .)) (regexMatch `^[-\w./]*$` $regex) -}}
    {{- $parts = append $parts (ternary (ternary $regex "[^;]*" (hasKey $way.fields .)) (printf "(?:%s)" $regex) $bare) -}}
  {{- end -}}
  {{- if $ported -}}
    {{- $parts = append $parts (include "ai-ml-observability.ports" (list $way.ports $.undeclared)) -}}
  {{- end -}}
  {{- $regexes = append $regexes (join ";" $parts) -}}
{{- end -}}
{{- if $ported -}}
  {{- $sources = concat $sources (list "__meta_kubernetes_pod_container_port_name" "__meta_kubernetes_pod_container_port_number") -}}
  {{- if .undeclared -}}{{- $sources = append $sources "__address__" -}}{{- end -}}
{{- end -}}
{{- dict "action" .action "sourceLabels" $sources "regex" (join "|" $regexes) | toYaml -}}
{{- end -}}

{{/* ai-ml-observability.sanitized: a Kubernetes label's name as Prometheus' discovery writes it. */}}
{{- define "ai-ml-observability.sanitized" -}}
{{- regexReplaceAll `[^a-zA-Z0-9_]` . "_" -}}
{{- end -}}

{{/*
ai-ml-observability.ports: an expression for name and number of a declared port; also, if the second argument is true, for
a container without one, and then for its address, which has a port by then.
*/}}
{{- define "ai-ml-observability.ports" -}}
{{- $names := list -}}
{{- $numbers := list -}}
{{- range index . 0 -}}
  {{- if kindIs "string" . -}}{{- $names = append $names . -}}{{- else -}}{{- $numbers = append $numbers (int . | toString) -}}{{- end -}}
{{- end -}}
{{- $either := list -}}
{{- with $names -}}{{- $either = append $either (printf "(?:%s);[^;]*" (join "|" .)) -}}{{- end -}}
{{- with $numbers -}}{{- $either = append $either (printf "[^;]*;(?:%s)" (join "|" .)) -}}{{- end -}}
{{- $declared := ternary (printf "(?:%s)" (join "|" $either)) "[^;]*;[0-9]+" (not (empty $either)) -}}
{{- if index . 1 -}}
(?:{{ $declared }};[^;]*|;;(?:[^:;]+|[^;]+\]):[0-9]+)
{{- else -}}
{{ $declared }}
{{- end -}}
{{- end -}}

{{/*
ai-ml-observability.selected: relabelings that keep the pods that any of some Kubernetes label selectors selects, in `rules`.
A relabeling cannot say "not", so that each In and NotIn leaves a mark, __tmp_N, which is there or not.
Usage: {{ include "ai-ml-observability.selected" (dict "selectors" SELECTORS "object" "pod") | fromYaml }}
*/}}
{{- define "ai-ml-observability.selected" -}}
{{- $object := .object -}}
{{- $rules := list -}}
{{- $ways := list -}}
{{- range $selector := .selectors -}}
  {{- $meta := dict -}}
  {{- range $label, $value := $selector.matchLabels -}}
    {{- $name := include "ai-ml-observability.sanitized" $label -}}
    {{- $_ := set $meta (printf "__meta_kubernetes_%s_label_%s" $object $name) (regexQuoteMeta $value) -}}
    {{- $_ := set $meta (printf "__meta_kubernetes_%s_labelpresent_%s" $object $name) "true" -}}
  {{- end -}}
  {{- range $selector.matchExpressions -}}
    {{- $name := include "ai-ml-observability.sanitized" .key -}}
    {{- $present := printf "__meta_kubernetes_%s_labelpresent_%s" $object $name -}}
    {{- if has .operator (list "Exists" "DoesNotExist") -}}
      {{- $_ := set $meta $present (ternary "true" "" (eq .operator "Exists")) -}}
    {{- else -}}
      {{- $values := list -}}
      {{- range .values -}}{{- $values = append $values (regexQuoteMeta .) -}}{{- end -}}
      {{- $mark := printf "__tmp_%d" (len $rules) -}}
      {{- $source := list (printf "__meta_kubernetes_%s_label_%s" $object $name) $present -}}
      {{- $rules = append $rules (dict "sourceLabels" $source "regex" (printf "(?:%s);true" (join "|" $values)) "targetLabel" $mark "replacement" "1") -}}
      {{- $_ := set $meta $mark (ternary "1" "" (eq .operator "In")) -}}
    {{- end -}}
  {{- end -}}
  {{- $ways = append $ways (dict "meta" $meta) -}}
{{- end -}}
{{- $rules = append $rules (include "ai-ml-observability.ways" (dict "action" "keep" "ways" $ways) | fromYaml) -}}
{{- dict "rules" $rules | toYaml -}}
{{- end -}}

{{/*
ai-ml-observability.targets: the relabelings that say which targets of an endpoint are meant, in `rules`.
Usage: {{ include "ai-ml-observability.targets" (dict "name" NAME "kind" KIND "endpoint" FIXED "given" VALUES "own" WORKLOAD) | fromYaml }}
*/}}
{{- define "ai-ml-observability.targets" -}}
{{- $rules := list -}}
{{- if eq .kind "PodMonitor" -}}
  {{- /* A pending pod has an address while an init container fetches a model, and a finished init container a port. The
         label is a person's word: a pod that is said to be another workload, or none, is not this one. */ -}}
  {{- $init := ternary "[^;]*" "false" (.own.nativeSidecars | default false) -}}
  {{- $source := list "__meta_kubernetes_pod_phase" "__meta_kubernetes_pod_container_init" "__meta_kubernetes_pod_container_port_protocol" "__meta_kubernetes_pod_label_ai_ml_observability_scrape" -}}
  {{- $rules = append $rules (dict "action" "keep" "sourceLabels" $source "regex" (printf "Running;%s;(?:TCP)?;(?:%s)?" $init .name)) -}}
{{- end -}}
{{- with .own.selectors -}}
  {{- $object := ternary "pod" "service" (eq $.kind "PodMonitor") -}}
  {{- $rules = concat $rules (include "ai-ml-observability.selected" (dict "selectors" . "object" $object) | fromYaml).rules -}}
{{- end -}}
{{- /* What the workload's values select stands instead of what is built in; a port of theirs, instead of each way's. */ -}}
{{- $builtIn := ternary dict (.endpoint.find | default dict) (not (empty (or .own.selector .own.selectors))) -}}
{{- $find := list -}}
{{- range list $builtIn .given.find -}}
  {{- range . -}}{{- $find = append $find (ternary (omit . "ports") . (not (empty $.given.port))) -}}{{- end -}}
{{- end -}}
{{- $except := list -}}
{{- range list .endpoint.except .given.except -}}
  {{- range . -}}{{- $except = append $except . -}}{{- end -}}
{{- end -}}
{{- $ports := ternary list (.given.ports | default .endpoint.ports | default list) (not (empty .given.port)) -}}
{{- $portOf := ternary list (.endpoint.portOf | default list) (not (empty .given.port)) -}}
{{- with $portOf -}}
  {{- /* Its number is empty where a container declares no port; an IPv6 address comes first, and has a colon from then on. */ -}}
  {{- $source := concat (list "__meta_kubernetes_pod_container_port_number") . (list "__address__") -}}
  {{- range list (list `[^;]*:[^;]*` `[$2]:$1`) (list `[^;:]+` `$2:$1`) -}}
    {{- $regex := printf `;+(\d+)(?:;\d*)*;(%s)` (index . 0) -}}
    {{- $rules = append $rules (dict "sourceLabels" $source "regex" $regex "targetLabel" "__address__" "replacement" (index . 1)) -}}
  {{- end -}}
{{- end -}}
{{- with $except -}}
  {{- $rules = append $rules (include "ai-ml-observability.ways" (dict "action" "drop" "ways" .) | fromYaml) -}}
{{- end -}}
{{- if and (not $find) $ports -}}{{- $find = list dict -}}{{- end -}}
{{- with $find -}}
  {{- $rules = append $rules (include "ai-ml-observability.ways" (dict "action" "keep" "ways" . "ports" $ports "undeclared" (not (empty $portOf))) | fromYaml) -}}
{{- end -}}
{{- dict "rules" $rules | toYaml -}}
{{- end -}}
