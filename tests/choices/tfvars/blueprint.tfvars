# The variables that the JARK blueprint sets.
name                             = "jark-stack"
enable_aws_efs_csi_driver        = true
enable_jupyterhub                = true
enable_kuberay_operator          = true
enable_argo_workflows            = true
enable_argo_events               = true
enable_argocd                    = true
enable_ai_ml_observability_stack = true
