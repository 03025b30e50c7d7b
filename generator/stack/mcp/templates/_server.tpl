{{- /* [[ header ]] */ -}}

{{/*
ai-ml-observability.prometheus-url: the Prometheus that something asks, its own unless the values name one.
Usage: {{ include "ai-ml-observability.prometheus-url" (list . "opencost" .Values.opencost) }}
*/}}
{{- define "ai-ml-observability.prometheus-url" -}}
{{- $root := index . 0 -}}
{{- $stack := index $root.Values "kube-prometheus-stack" | default dict -}}
{{- $prometheus := $stack.prometheus | default dict -}}
{{- if (index . 2).prometheusUrl -}}
{{- (index . 2).prometheusUrl -}}
{{- else if and $stack.enabled (ne (dig "enabled" true $prometheus) false) -}}
{{- printf "http://%s-prometheus:%v%s" $stack.fullnameOverride (dig "service" "port" 9090 $prometheus) (dig "prometheusSpec" "routePrefix" "" $prometheus | trimSuffix "/") -}}
{{- else -}}
{{- fail (printf "%s.prometheusUrl: found nothing, but this chart's Prometheus is off (name the one that is there, or set %s.enabled to false)" (index . 1) (index . 1)) -}}
{{- end -}}
{{- end -}}

{{/*
ai-ml-observability.server: a Deployment with one pod that needs no rights on its node, its Service, ServiceAccount, and, if
wanted, NetworkPolicy.
Usage: {{ include "ai-ml-observability.server" (dict "root" . "name" NAME "image" IMAGE "given" VALUES "port" 8080 "health" PATH
"user" UID "container" (dict "args" ARGS "env" ENV)) }}; "token" true lets it talk to Kubernetes, "scraped" true lets Prometheus
connect, "writable" PATH is a folder that is empty at the start, "ca" SECRET mounts its ca.crt in /tls, "files" (dict
"configMap" NAME "path" PATH) mounts a ConfigMap; "open" true lets everybody connect.
*/}}
{{- define "ai-ml-observability.server" -}}
{{- $root := .root -}}
{{- $labels := include "ai-ml-observability.labels" $root | fromYaml -}}
{{- $own := dict "app.kubernetes.io/name" .name -}}
{{- $selector := merge $own (dict "app.kubernetes.io/instance" $root.Release.Name) -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  namespace: {{ $root.Release.Namespace | quote }}
  labels:
    {{- toYaml $labels | nindent 4 }}
automountServiceAccountToken: false
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  namespace: {{ $root.Release.Namespace | quote }}
  labels:
    {{- merge (dict "app.kubernetes.io/name" .name) $labels | toYaml | nindent 4 }}
spec:
  replicas: 1
  strategy:
    type: Recreate
  selector:
    matchLabels:
      {{- toYaml $selector | nindent 6 }}
  template:
    metadata:
      labels:
        {{- /* What changes with the chart's version would start the pod again. */}}
        {{- merge (dict "app.kubernetes.io/name" .name) (omit $labels "helm.sh/chart") (.given.podLabels | default dict) | toYaml | nindent 8 }}
      {{- with .given.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ .name }}
      automountServiceAccountToken: {{ .token | default false }}
      enableServiceLinks: false
      {{- /* The class of all that runs all the time. */}}
      {{- with $root.Values.opensearch.priorityClassName }}
      priorityClassName: {{ . | quote }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: {{ .user }}
        runAsGroup: {{ .user }}
        fsGroup: {{ .user }}
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: server
          image: {{ .image | quote }}
          {{- toYaml .container | nindent 10 }}
          ports:
            - {name: http, containerPort: {{ .port }}, protocol: TCP}
          startupProbe:
            httpGet: {path: {{ .health }}, port: http}
            failureThreshold: 30
          readinessProbe:
            httpGet: {path: {{ .health }}, port: http}
          livenessProbe:
            httpGet: {path: {{ .health }}, port: http}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
          resources:
            {{- toYaml .given.resources | nindent 12 }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            {{- with .writable }}
            - {name: data, mountPath: {{ . }}}
            {{- end }}
            {{- if .ca }}
            - {name: tls, mountPath: /tls, readOnly: true}
            {{- end }}
            {{- with .files }}
            - {name: files, mountPath: {{ .path }}, readOnly: true}
            {{- end }}
      {{- with .given.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .given.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .given.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumes:
        - name: tmp
          emptyDir: {}
        {{- if .writable }}
        - name: data
          emptyDir: {}
        {{- end }}
        {{- if .ca }}
        - name: tls
          secret:
            secretName: {{ .ca | quote }}
            defaultMode: 0440
            {{- /* The authority alone: the key is OpenSearch's. */}}
            items:
              - {key: ca.crt, path: ca.crt}
        {{- end }}
        {{- with .files }}
        - name: files
          configMap:
            name: {{ .configMap }}
        {{- end }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  namespace: {{ $root.Release.Namespace | quote }}
  labels:
    {{- merge (dict "app.kubernetes.io/name" .name) $labels | toYaml | nindent 4 }}
spec:
  selector:
    {{- toYaml $selector | nindent 4 }}
  ports:
    - {name: http, port: {{ .port }}, targetPort: http, protocol: TCP}
{{- $peers := .given.clients | default list }}
{{- if .scraped }}
{{- $stack := index $root.Values "kube-prometheus-stack" | default dict }}
{{- $prometheus := dict "podSelector" (dict "matchLabels" (dict "app.kubernetes.io/name" "prometheus")) }}
{{- $peers = append $peers (ternary $prometheus (merge (dict "namespaceSelector" dict) $prometheus) ($stack.enabled | default false)) }}
{{- end }}
{{- if $root.Values.networkPolicies.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .name }}
  namespace: {{ $root.Release.Namespace | quote }}
  labels:
    {{- toYaml $labels | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- toYaml $selector | nindent 6 }}
  policyTypes: [Ingress]
  {{- /* A rule without peers would let everybody in. */}}
  {{- if .open }}
  ingress:
    - ports:
        - {port: {{ .port }}, protocol: TCP}
  {{- else if $peers }}
  ingress:
    - ports:
        - {port: {{ .port }}, protocol: TCP}
      from:
        {{- toYaml $peers | nindent 8 }}
  {{- else }}
  ingress: []
  {{- end }}
{{- end }}
{{- end -}}

{{/*
ai-ml-observability.server.monitor: its ServiceMonitor, which is one of the chart's monitors and no part of what runs.
Usage: {{ include "ai-ml-observability.server.monitor" (dict "root" . "name" NAME) }}; "honorLabels" true keeps the labels that it
sets, "drop" is a pattern of the names of series that are left out.
*/}}
{{- define "ai-ml-observability.server.monitor" -}}
{{- $root := .root -}}
{{- if and $root.Values.monitors.enabled (include "ai-ml-observability.crd" (list $root "ServiceMonitor")) }}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ .name }}
  namespace: {{ $root.Release.Namespace | quote }}
  labels:
    {{- merge (dict) $root.Values.monitors.labels (include "ai-ml-observability.labels" $root | fromYaml) | toYaml | nindent 4 }}
  {{- with $root.Values.monitors.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  jobLabel: app.kubernetes.io/name
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ .name }}
      app.kubernetes.io/instance: {{ $root.Release.Name | quote }}
  endpoints:
    - port: http
      path: /metrics
      {{- with .honorLabels }}
      honorLabels: true
      {{- end }}
      {{- with $root.Values.monitors.interval }}
      interval: {{ . | quote }}
      {{- end }}
      {{- with .drop }}
      metricRelabelings:
        - {sourceLabels: [__name__], regex: {{ . | quote }}, action: drop}
      {{- end }}
{{- end }}
{{- end -}}
