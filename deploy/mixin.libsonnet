// A monitoring mixin: the dashboards, alerts and recording rules of mdca-kafka-source, for who deploys theirs by jsonnet.
//
//   local mdca = (import 'deploy/mixin.libsonnet') + { _config+:: { alertLabels: { team: 'secops' } } };
//   mdca.grafanaDashboards, mdca.prometheusAlerts, mdca.prometheusRules
{
  _config+:: {
    // Where deploy/prometheus/runbooks is published.
    runbooks: 'https://runbooks.example.com/mdca-kafka-source',
    // Added to every alert.
    alertLabels: {},
    // The jobs, as a regular expression, that must be there and up.
    jobs: '.*mdca-kafka-source.*',
    // By the first of them the dashboards link to each other.
    dashboardTags: ['mdca-kafka-source'],
    dashboardTitlePrefix: 'MDCA source / ',
    dashboardRefresh: '1m',
    // How far back a dashboard looks when it is opened.
    dashboardFrom: 'now-6h',
  },

  grafanaDashboards+:: {
    [dashboard.uid + '.json']: dashboard {
      title: std.strReplace(super.title, 'MDCA source / ', $._config.dashboardTitlePrefix),
      tags: $._config.dashboardTags,
      links: [link { tags: [$._config.dashboardTags[0]] } for link in super.links],
      refresh: $._config.dashboardRefresh,
      time: super.time { from: $._config.dashboardFrom },
    }
    for dashboard in [
      import 'grafana/mdca-source-fleet.json',
      import 'grafana/mdca-source-kafka.json',
      import 'grafana/mdca-source-runtime.json',
      import 'grafana/mdca-source-scan.json',
    ]
  },

  prometheusAlerts+:: {
    groups+: [
      group { rules: [adapted(alert) for alert in super.rules] }
      for group in std.parseYaml(importstr 'prometheus/alerts.yaml').groups
    ],
    local adapted(alert) = alert {
      expr: std.strReplace(super.expr, '.*mdca-kafka-source.*', $._config.jobs),
      labels+: $._config.alertLabels,
      annotations+: {
        runbook_url: std.strReplace(
          super.runbook_url, 'https://runbooks.example.com/mdca-kafka-source', $._config.runbooks
        ),
      },
    },
  },

  prometheusRules+:: {
    groups+: std.parseYaml(importstr 'prometheus/recording-rules.yaml').groups,
  },
}
