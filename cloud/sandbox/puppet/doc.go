// Package puppet is the sandbox's Puppet: it compiles the manifests that are in the control
// repository right now into a catalogue, and applies that catalogue to a virtual host, printing
// the lines a real agent prints.
//
// The tour, in the order of a run:
//
//   - target.go: what a run needs from the machine ([Node]) and from the server ([Master]);
//   - agent.go, cert.go: [Simulator.Agent], from the certificate to the exit code;
//   - lex*.go, parse*.go, ast.go: the language, a useful subset of Puppet 5 to 7;
//   - compile.go, eval.go, operator.go, call.go, func*.go, value.go, types.go: from the tree to
//     values, classes and instances of defined types;
//   - resource.go, collect.go, catalog.go: resources, virtual and exported ones, relations;
//   - order.go: the graph of a catalogue and the order of its resources;
//   - apply.go: changes, failures, skipped dependents, refreshes; type*.go: what each native type
//     looks at and changes; log.go: how a line looks on the console and in the syslog;
//   - data.go: puppet.yaml, where timings, facts, repositories and stand-in modules are data.
//
// Nothing here knows a workshop. A module that the control repository has no code of comes as
// manifests beside puppet.yaml, written in the same language.
//
// A manifest is a participant's text: its size, its nesting, the expressions evaluated and the
// resources declared are bounded, and whatever it says there is a catalogue or an [*Error].
//
// The words are held against recordings of puppet 7.23 in testdata/recorded.
package puppet
