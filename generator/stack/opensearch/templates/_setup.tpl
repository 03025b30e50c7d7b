{{- /* [[ header ]] */ -}}

{{- /* The files of the set-up's ConfigMap: its program, and plan.json, which says what it makes of OpenSearch. */ -}}
{{- define "ai-ml-observability.opensearch-setup.files" -}}
plan.json: |
  [[ plan | indent(2) ]]
{{- include "ai-ml-observability.programs" (list . "opensearch_api" "opensearch_setup" "program") }}
{{- end -}}

{{- /* The pod that sets OpenSearch up; the argument is [context, seconds to wait for OpenSearch]. */ -}}
{{- define "ai-ml-observability.opensearch-setup.pod" -}}
{{- $root := index . 0 -}}
{{- $job := $root.Values.secrets.job -}}
{{- $dashboards := index $root.Values "opensearch-dashboards" | default dict -}}
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
      args: [cluster/plan.json, /admin, /logins, {{ index . 1 | quote }}]
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
[% for login in logins %]
[% if login.optional %]
        {{- if $dashboards.enabled }}
[% endif %]
        - {name: [[ login.key | lower ]], mountPath: /logins/[[ login.key ]], readOnly: true}
[% if login.optional %]
        {{- end }}
[% endif %]
[% endfor %]
  volumes:
    - name: programs
      configMap:
        name: ai-ml-observability-opensearch-setup
    - name: admin
      secret:
        secretName: [[ admin ]]
        defaultMode: 0440
[% for login in logins %]
[% if login.optional %]
    {{- if $dashboards.enabled }}
[% endif %]
    - name: [[ login.key | lower ]]
      secret:
        secretName: [[ login.secret ]]
        defaultMode: 0440
[% if login.optional %]
    {{- end }}
[% endif %]
[% endfor %]
{{- end -}}
