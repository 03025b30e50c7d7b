{{- /* [[ header ]] */ -}}

{{- /* A size such as 50Gi in whole MiB; the arguments are the size and the name of the value that holds it. */ -}}
{{- define "ai-ml-observability.mebibytes" -}}
{{- $size := index . 0 -}}
{{- $text := ternary (printf "%.0f" $size) (toString $size) (kindIs "float64" $size) -}}
{{- $number := regexFind `^[0-9]+(\.[0-9]+)?` $text -}}
{{- $bytes := dict "" 1 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "Pi" 1125899906842624 -}}
{{- $unit := trimPrefix $number $text -}}
{{- if or (not $number) (not (hasKey $bytes $unit)) -}}
  {{- fail (printf "%s: found '%s', expected a size such as 50Gi (or set opensearchSetup.rolloverSize)" (index . 1) $text) -}}
{{- end -}}
{{- divf (mulf (float64 $number) (get $bytes $unit)) 1048576 | floor | int64 -}}
{{- end -}}

{{- /*
What the set-up makes of OpenSearch, as YAML; nothing in it is secret. Numbers and booleans of index settings are text,
because OpenSearch gives them back so, and the set-up compares.
*/ -}}
{{- define "ai-ml-observability.opensearch-setup.plan" -}}
{{- $setup := .Values.opensearchSetup -}}
{{- $own := .Values.opensearch.enabled -}}
[# Scaled to none it keeps its data for the nodes to come, and no index can have no shard. #]
{{- /* Another one's nodes are not known: two at least, or who has one says so. */ -}}
{{- $nodes := 2 -}}
{{- if $own }}{{ $nodes = ternary 1 (max 1 (int (toString .Values.opensearch.replicas))) (eq (toString .Values.opensearch.singleNode) "true") }}{{ end -}}
[# One node can hold no copies. #]
{{- $replicas := ternary (ternary 0 1 (eq $nodes 1)) $setup.replicas (kindIs "invalid" $setup.replicas) | int -}}
[# Pods' lines are written on up to three nodes at once, the hosts' few on one. #]
{{- $shards := ternary (ternary (min $nodes 3) 1 $own) $setup.shards (kindIs "invalid" $setup.shards) | int -}}
[# Space comes back an index at a time, so one index must be a small part of the disk. OpenSearch's advice for logs is
   shards of 30 to 50 GiB. #]
{{- $full := 0 -}}
{{- if $setup.rolloverSize -}}
  {{- $full = include "ai-ml-observability.mebibytes" (list $setup.rolloverSize "opensearchSetup.rolloverSize") | int -}}
{{- else if not $own -}}
  {{- $full = [[ largest_shard ]] -}}
{{- else -}}
  {{- $size := (.Values.opensearch.persistence | default dict).size -}}
  {{- $volume := include "ai-ml-observability.mebibytes" (list $size "opensearch.persistence.size") | int -}}
  {{- $full = max (min (div $volume 10) [[ largest_shard ]]) 100 -}}
{{- end -}}
url: {{ ternary [[ url | helm_json ]] .Values.opensearchExternal.url $own | quote }}
componentTemplates:
  [[ settings | helm_json ]]:
    template:
      settings:
        index:
[# Stored lines take less disk and longer to read. It is Lucene's own (DEFLATE); zstd comes from a plugin, and an index
   made with it cannot be opened, or restored, where that is missing. #]
          codec: best_compression
          mapping:
[# A number field that holds text loses that field, not the line. #]
            ignore_malformed: "true"
[# Nothing adds fields but the template. #]
            total_fields: {limit: "256"}
          number_of_replicas: {{ $replicas | quote }}
[# A search for bare words looks at the line, not at every field. #]
          query: {default_field: [log]}
[# A line can be found five seconds after it was stored, and segments are five times fewer than at the default of one. #]
          refresh_interval: 5s
[# A node that restarts gets its shards back before copies are made elsewhere. #]
          unassigned: {node_left: {delayed_timeout: 5m}}
  [[ fields | helm_json ]]:
    template:
      mappings: [[ mapping | helm_json ]]
indexTemplates:
[% for stream in streams %]
  [[ stream | helm_json ]]:
    index_patterns: [[ [stream] | helm_json ]]
    composed_of: [[ [settings, fields] | helm_json ]]
    priority: 200
    data_stream: {timestamp_field: {name: "@timestamp"}}
    template:
      settings:
        index:
          number_of_shards: {{ [[ "$shards" if loop.first else "1" ]] | quote }}
[% endfor %]
{{- if $own }}
[# Also for the indices that OpenSearch's plugins make for themselves. As a line of opensearch.yml, OpenSearch would take
   this setting and ignore it. #]
clusterSettings:
  cluster.default_number_of_replicas: {{ $replicas | quote }}
[# The history of index state management has its own number of copies. #]
managementSettings:
  plugins.index_state_management.history.number_of_replicas: {{ $replicas | quote }}
{{- else }}
[# What is for all of another one's indices, its users and their roles, is for whoever runs it. #]
clusterSettings: {}
managementSettings: {}
{{- end }}
policies:
  [[ policy | helm_json ]]:
    description: "Logs: rolled over by age and size, deleted by age."
    default_state: written
    states:
      - name: written
        actions:
          - retry: &retry {count: 3, backoff: exponential, delay: 1m}
[# A new index every day, or when a shard is large. #]
            rollover: {min_index_age: 1d, min_primary_shard_size: "{{ $full }}mb", copy_alias: false}
        transitions:
[# Deleted when its newest line is old enough. #]
          - state_name: deleted
            conditions: {min_rollover_age: {{ $setup.retention | quote }}}
      - name: deleted
        actions:
          - retry: *retry
            delete: {}
        transitions: []
    ism_template:
      - index_patterns: [[ streams | helm_json ]]
        priority: 100
{{- if $own }}
roles: [[ roles | helm_json ]]
logins:
[% for login in logins %]
  - key: [[ login.key | helm_json ]]
    secret: {{ include "ai-ml-observability.secret" (list . "[[ login.key ]]") | quote }}
    role: [[ login.role | helm_json ]]
    description: [[ login.description | helm_json ]]
    optional: [[ login.optional | helm_json ]]
[% endfor %]
{{- else }}
roles: {}
logins: []
admin: {{ include "ai-ml-observability.secret" (list . "opensearchAdmin") | quote }}
{{- end }}
{{- end -}}

{{- /* "true" if a Job sets an OpenSearch up, this chart's or another one. */ -}}
{{- define "ai-ml-observability.opensearch-setup.wanted" -}}
{{- $external := .Values.opensearchExternal -}}
{{- if or .Values.opensearch.enabled (and $external.url $external.setUp) -}}true{{- end -}}
{{- end -}}

{{- /* The files of the set-up's ConfigMap: its program, and plan.json, which says what it makes of OpenSearch. */ -}}
{{- define "ai-ml-observability.opensearch-setup.files" -}}
{{- $plan := include "ai-ml-observability.opensearch-setup.plan" . | fromYaml -}}
{{- with $plan.Error }}{{ fail (printf "the plan of OpenSearch's set-up: %s" .) }}{{ end -}}
plan.json: |
  {{- toPrettyJson $plan | nindent 2 }}
{{- include "ai-ml-observability.programs" (list . "opensearch_setup" "opensearch_api" "program") }}
{{- end -}}

{{- /* The pod that sets OpenSearch up; the argument is [context, seconds to wait for OpenSearch]. */ -}}
{{- define "ai-ml-observability.opensearch-setup.pod" -}}
{{- $root := index . 0 -}}
{{- $job := $root.Values.secrets.job -}}
{{- $dashboards := index $root.Values "opensearch-dashboards" | default dict -}}
{{- $own := $root.Values.opensearch.enabled -}}
{{- $authority := $root.Values.opensearchExternal.caSecret -}}
metadata:
  labels:
    {{- $labels := include "ai-ml-observability.labels" $root | fromYaml }}
    {{- toYaml (merge (dict "app.kubernetes.io/name" "opensearch-setup") $labels ($job.podLabels | default dict)) | nindent 4 }}
  {{- with $job.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  restartPolicy: OnFailure
  automountServiceAccountToken: false
  enableServiceLinks: false
  securityContext:
    runAsNonRoot: true
    runAsUser: 65534
    runAsGroup: 65534
    fsGroup: 65534
    seccompProfile:
      type: RuntimeDefault
  {{- with $job.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $job.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $job.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: opensearch-setup
      image: {{ $job.image | quote }}
      command: [python, -m, cluster.opensearch_setup]
      args: [cluster/plan.json, /admin, /logins, {{ index . 1 | quote }}{{ if not $own }}, {{ ternary "/authority/ca.crt" "" (not (empty $authority)) | quote }}{{ end }}]
      workingDir: /programs
      env:
        - {name: PYTHONDONTWRITEBYTECODE, value: "1"}
        - {name: PYTHONUNBUFFERED, value: "1"}
      terminationMessagePolicy: FallbackToLogsOnError
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      {{- with $job.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        - {name: programs, mountPath: /programs/cluster, readOnly: true}
        - {name: admin, mountPath: /admin, readOnly: true}
        {{- if and $authority (not $own) }}
        - {name: authority, mountPath: /authority, readOnly: true}
        {{- end }}
        {{- if $own }}
[% for login in logins %]
[% if login.optional %]
        {{- if $dashboards.enabled }}
[% endif %]
        - {name: [[ login.key | lower ]], mountPath: /logins/[[ login.key ]], readOnly: true}
[% if login.optional %]
        {{- end }}
[% endif %]
[% endfor %]
        {{- end }}
  volumes:
    - name: programs
      configMap:
        name: ai-ml-observability-opensearch-setup
    - name: admin
      secret:
        secretName: {{ include "ai-ml-observability.secret" (list $root (ternary "opensearchAdminTls" "opensearchAdmin" $own)) | quote }}
        defaultMode: 0440
    {{- if and $authority (not $own) }}
    - name: authority
      secret: {secretName: {{ $authority | quote }}, defaultMode: 0440, items: [{key: ca.crt, path: ca.crt}]}
    {{- end }}
    {{- if $own }}
[% for login in logins %]
[% if login.optional %]
    {{- if $dashboards.enabled }}
[% endif %]
    - name: [[ login.key | lower ]]
      secret:
        secretName: {{ include "ai-ml-observability.secret" (list $root "[[ login.key ]]") | quote }}
        defaultMode: 0440
[% if login.optional %]
    {{- end }}
[% endif %]
[% endfor %]
    {{- end }}
{{- end -}}
