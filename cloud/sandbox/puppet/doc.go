// Package puppet is the sandbox's Puppet: it compiles the manifests that are in the control
// repository right now into a catalogue, and applies that catalogue to a virtual host, printing
// the lines a real agent prints.
//
// The tour, in the order of a run:
//
//   - target.go: what the run needs from the machine ([Node]) and from the server ([Master]);
//   - lex.go, parse*.go, ast.go: the language, a useful subset of Puppet 5 to 7;
//   - value.go, eval*.go, call*.go: expressions, classes, defined types, resources, collectors;
//   - catalog.go, order.go: the catalogue and the order in which its resources are applied;
//   - data.go: puppet.yaml, where modules and timings are described as data;
//   - agent.go: the run itself; type_*.go: one file per family of resource types.
//
// Nothing here knows a workshop: modules that are not in the control repository, texts and
// timings come from puppet.yaml.
package puppet
