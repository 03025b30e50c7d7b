{{/* [[ header ]] */}}

{{/*
ai-ml-observability.secret: the name of a Secret that the chart's pods read: the one that secrets.existing names, or our own.
Usage: {{ include "ai-ml-observability.secret" (list . "opensearchCa") }}
*/}}
{{- define "ai-ml-observability.secret" -}}
{{- $own := dict[% for key, secret in secrets.items() %] "[[ key ]]" "[[ secret.name ]]"[% endfor %] -}}
{{- get ((index . 0).Values.secrets.existing | default dict) (index . 1) | default (get $own (index . 1)) -}}
{{- end -}}

{{/*
ai-ml-observability.secrets.plan: which Secrets this release needs, as JSON; nothing in it is secret. The programs of
generator/cluster read it, and the Roles take their names from it.
*/}}
{{- define "ai-ml-observability.secrets.plan" -}}
{{- $stack := index .Values "kube-prometheus-stack" | default dict -}}
{{- $grafana := $stack.grafana | default dict -}}
{{- $fluentBit := index .Values "fluent-bit" | default dict -}}
{{- $dashboards := index .Values "opensearch-dashboards" | default dict -}}
{{- $hasGrafana := and $stack.enabled (ne (dig "enabled" true $grafana) false) -}}
{{- $grafanaName := $grafana.fullnameOverride -}}
{{- $existing := .Values.secrets.existing | default dict -}}
{{- $plan := dict "authority" nil "certificates" list "logins" list "opensearch" "" "grafana" "" -}}
{{- $restartGrafana := list -}}
{{- if and $hasGrafana $grafanaName -}}
  {{- $restartGrafana = list (list "Deployment" $grafanaName) -}}
{{- end -}}

[% macro login(key, server, restarts) -%]
{{- $_ := set $plan "logins" (append $plan.logins (dict "key" "[[ key ]]" "name" (include "ai-ml-observability.secret" (list $ "[[ key ]]")) "existing" (not (empty $existing.[[ key ]])) "userKey" "[[ secrets[key].user_key ]]" "username" "[[ secrets[key].username ]]" "passwordKey" "[[ secrets[key].password_key ]]" "server" "[[ server ]]" "restarts" [[ restarts ]] "earlier" "")) -}}
[%- endmacro %]
{{- if .Values.opensearch.enabled -}}
  {{- $_ := set $plan "opensearch" "[[ opensearch_url ]]" -}}
  {{- if not .Values.secrets.certManager.enabled -}}
    {{- $_ := set $plan "authority" (dict "key" "opensearchCa" "name" (include "ai-ml-observability.secret" (list $ "opensearchCa")) "existing" (not (empty $existing.opensearchCa))) -}}
    {{- $hosts := list "localhost" "127.0.0.1" -}}
    {{- range $service := list "[[ service ]]" "[[ service ]]-headless" "*.[[ service ]]-headless" -}}
      {{- range $suffix := list "" (printf ".%s" $.Release.Namespace) (printf ".%s.svc" $.Release.Namespace) (printf ".%s.svc.cluster.local" $.Release.Namespace) -}}
        {{- $hosts = append $hosts (printf "%s%s" $service $suffix) -}}
      {{- end -}}
    {{- end -}}
    {{- $node := dict "key" "opensearchNodeTls" "name" (include "ai-ml-observability.secret" (list $ "opensearchNodeTls")) "existing" (not (empty $existing.opensearchNodeTls)) "commonName" "[[ node_name ]]" "hosts" $hosts "server" true -}}
    {{- $admin := dict "key" "opensearchAdminTls" "name" (include "ai-ml-observability.secret" (list $ "opensearchAdminTls")) "existing" (not (empty $existing.opensearchAdminTls)) "commonName" "[[ admin_name ]]" "hosts" list "server" false -}}
    {{- $_ := set $plan "certificates" (list $node $admin) -}}
  {{- end -}}
  [[ login("opensearchAdmin", "opensearch", "list") ]]
  {{- $readers := $restartGrafana -}}
  {{- if dig "opensearch" "enabled" false (.Values.mcp | default dict) -}}
    {{- $readers = append $readers (list "Deployment" "[[ mcp ]]") -}}
  {{- end -}}
  [[ login("opensearchGrafana", "opensearch", "$readers") ]]
  {{- $restartExporter := list -}}
  {{- if (.Values.opensearchExporter | default dict).enabled -}}
    {{- $restartExporter = list (list "Deployment" "[[ exporter ]]") -}}
  {{- end -}}
  [[ login("opensearchExporter", "opensearch", "$restartExporter") ]]
  {{- if $dashboards.enabled -}}
    [[ login("opensearchDashboards", "opensearch", '(list (list "Deployment" $dashboards.fullnameOverride))') ]]
  {{- end -}}
  {{- $restarts := list -}}
  {{- if $fluentBit.enabled -}}
    {{- $restarts = list (list ($fluentBit.kind | default "DaemonSet") $fluentBit.fullnameOverride) -}}
  {{- end -}}
  [[ login("opensearchFluentBit", "opensearch", "$restarts") ]]
{{- else -}}
  {{- $external := .Values.opensearchExternal | default dict -}}
  {{- if and $fluentBit.enabled $existing.opensearchFluentBit -}}
    [[ login("opensearchFluentBit", "opensearch", "list") ]]
  {{- end -}}
  {{- if and $external.url $existing.opensearchGrafana -}}
    [[ login("opensearchGrafana", "opensearch", "list") ]]
  {{- end -}}
  {{- if and $external.url $external.setUp -}}
    [[ login("opensearchAdmin", "opensearch", "list") ]]
  {{- end -}}
{{- end -}}

{{- /* Grafana reads the Secret that its own values name; where they hold a password in clear, there is none. */ -}}
{{- $login := dig "admin" "existingSecret" "" $grafana -}}
{{- if and $hasGrafana $login -}}
  {{- $theirs := or (not (empty $existing.grafanaAdmin)) (ne $login "[[ secrets.grafanaAdmin.name ]]") -}}
  {{- /* A database on a volume knows the password that the values held before; on none, it is made anew with each pod. */ -}}
  {{- $earlier := ternary $grafanaName "" (and (not $theirs) (dig "persistence" "enabled" false $grafana)) -}}
  {{- $userKey := dig "admin" "userKey" "[[ secrets.grafanaAdmin.user_key ]]" $grafana -}}
  {{- $passwordKey := dig "admin" "passwordKey" "[[ secrets.grafanaAdmin.password_key ]]" $grafana -}}
  {{- $_ := set $plan "logins" (append $plan.logins (dict "key" "grafanaAdmin" "name" $login "existing" $theirs "userKey" $userKey "username" "[[ secrets.grafanaAdmin.username ]]" "passwordKey" $passwordKey "server" "grafana" "restarts" $restartGrafana "earlier" $earlier)) -}}
  {{- $_ := set $plan "grafana" (printf "http://%s:%v" $grafanaName (dig "service" "port" 80 $grafana)) -}}
{{- end -}}
{{- with .Values.secrets.alerts -}}
  {{- $_ := set $plan "alerts" . -}}
{{- end -}}
{{- toPrettyJson $plan -}}
{{- end -}}

{{/*
ai-ml-observability.programs: modules of generator/cluster as the data of a ConfigMap.
What two ConfigMaps share comes last in the first and first in the second: Helm stores a release gzipped, which finds
again what stood in the last 32 KiB.
Usage: {{ include "ai-ml-observability.programs" (list . "program" "kubernetes_api") }}
*/}}
{{- define "ai-ml-observability.programs" -}}
{{- $root := index . 0 -}}
{{- range $name := prepend (rest .) "__init__" }}
{{ $name }}.py: |
  {{- include (printf "ai-ml-observability.programs.%s" $name) $root | nindent 2 }}
{{- end }}
{{- end -}}

{{/*
ai-ml-observability.secrets.pod: the pod template of a program that works on Secrets.
Usage: {{ include "ai-ml-observability.secrets.pod" (dict "root" . "module" "NAME" "app" "LABEL" "name" "ACCOUNT" "programs" "CONFIGMAP") }};
"admin": true mounts OpenSearch's admin certificate.
*/}}
{{- define "ai-ml-observability.secrets.pod" -}}
{{- $job := .root.Values.secrets.job -}}
metadata:
  labels:
    {{- $labels := include "ai-ml-observability.labels" .root | fromYaml }}
    {{- toYaml (merge (dict "app.kubernetes.io/name" .app) $labels ($job.podLabels | default dict)) | nindent 4 }}
  {{- with $job.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  restartPolicy: Never
  serviceAccountName: {{ .name }}
  automountServiceAccountToken: true
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
    - name: {{ .app }}
      image: {{ $job.image | quote }}
      command: [python, -m, cluster.{{ .module }}, cluster/plan.json]
      workingDir: /programs
      env:
        - {name: PYTHONDONTWRITEBYTECODE, value: "1"}
        - {name: PYTHONUNBUFFERED, value: "1"}
        {{- if .run }}
        - {name: RUN, valueFrom: {fieldRef: {fieldPath: "metadata.labels['batch.kubernetes.io/controller-uid']"}}}
        {{- end }}
      {{- /* Where `kubectl describe` and ArgoCD look for the reason. */}}
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
        {{- if .admin }}
        - {name: admin, mountPath: /admin, readOnly: true}
        {{- end }}
  volumes:
    - name: programs
      configMap:
        name: {{ .programs }}
    {{- if .admin }}
    - name: admin
      secret:
        secretName: {{ include "ai-ml-observability.secret" (list .root "opensearchAdminTls") | quote }}
        defaultMode: 0440
    {{- end }}
{{- end -}}

{{/* ai-ml-observability.secrets.hook: the rest of the metadata of the bootstrap's objects, its annotations left open. */}}
{{- define "ai-ml-observability.secrets.hook" -}}
namespace: {{ .Release.Namespace | quote }}
labels:
  {{- include "ai-ml-observability.labels" . | nindent 2 }}
annotations:
  helm.sh/hook: pre-install,pre-upgrade
  helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}
