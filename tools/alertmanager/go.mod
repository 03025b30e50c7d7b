// Pins the Alertmanager that tests/stack/alertmanager starts. `make alertmanager` builds it from a copy of the module, which
// lacks the pages of its user interface.
module gen-chart/tools/alertmanager

go 1.25.0

require github.com/prometheus/alertmanager v0.34.0
