// Reads each file as the Prometheus operator does, by its own types: a field that they do not have, or of another type,
// is an error. Files of any other kind than those named below are refused.
//
//	operator FILE...
package main

import (
	"fmt"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	for _, file := range os.Args[1:] {
		if err := read(file); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			os.Exit(1)
		}
	}
}

func read(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var named struct{ Kind string }
	if err := yaml.Unmarshal(text, &named); err != nil {
		return err
	}
	switch named.Kind {
	case monitoring.PodMonitorsKind:
		return yaml.UnmarshalStrict(text, &monitoring.PodMonitor{})
	case monitoring.PrometheusRuleKind:
		return yaml.UnmarshalStrict(text, &monitoring.PrometheusRule{})
	}
	return fmt.Errorf("%q is no kind of the operator's that is known here", named.Kind)
}
