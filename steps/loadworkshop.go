package steps

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// builtinValues are the names every template may use besides parameters and saved values. Those
// that begin with "sandbox." are known only while a sandbox runs.
var builtinValues = []string{"seat", "seat.number", "workshop"}

func (l *loader) workshop(doc *yaml.Node) {
	w := l.w
	// The languages are needed to read everything else.
	l.peek(doc, "languages", func(n *yaml.Node) {
		w.Languages = l.strings(n, "languages")
		if len(w.Languages) == 0 {
			l.problem(n, "languages must name at least one")
		}
	})
	l.mapping(doc, "the workshop", fields{
		"title":        func(n *yaml.Node) { w.Title = l.text(n, "title") },
		"languages":    func(*yaml.Node) {},
		"decks":        func(n *yaml.Node) { w.Decks = l.decks(n) },
		"notes":        func(n *yaml.Node) { w.Notes = l.notes(n) },
		"slides":       func(n *yaml.Node) { l.slides(n) },
		"conceal":      func(n *yaml.Node) { w.Conceal = l.boolean(n, "conceal") },
		"params":       func(n *yaml.Node) { l.list(n, "params", l.param) },
		"hops":         func(n *yaml.Node) { l.list(n, "hops", l.hop) },
		"cloud":        l.cloud,
		"placeholders": l.placeholders,
		"sandbox":      l.sandbox,
		"traffic":      l.traffic,
		"steps":        func(n *yaml.Node) { l.list(n, "steps", l.step) },
	}, "title", "languages", "decks", "slides", "steps")
}

func (l *loader) peek(doc *yaml.Node, key string, read func(*yaml.Node)) {
	n := resolve(doc)
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			read(resolve(n.Content[i+1]))
			return
		}
	}
}

// byLanguage reads files, one a language.
func (l *loader) byLanguage(n *yaml.Node, what string, also func(value *yaml.Node)) map[string]string {
	return l.stringMap(n, what, func(key, value *yaml.Node) {
		if len(l.w.Languages) > 0 && !slices.Contains(l.w.Languages, key.Value) {
			l.problem(key, "%s has one in %q, which is not among the languages", what, key.Value)
		}
		also(value)
	})
}

func (l *loader) notes(n *yaml.Node) map[string]string {
	return l.byLanguage(n, "notes", func(value *yaml.Node) {
		if !l.isFile(value.Value) {
			l.problem(value, "notes %q: no such file", value.Value)
		}
	})
}

func (l *loader) decks(n *yaml.Node) map[string]string {
	decks := l.byLanguage(n, "decks", func(*yaml.Node) {})
	for _, lang := range l.w.Languages {
		file, ok := decks[lang]
		switch {
		case !ok:
			l.problem(n, "decks has none in %q", lang)
		case !l.isFile(file):
			l.problem(n, "deck %q: no such file", file)
		}
	}
	return decks
}

func (l *loader) slides(n *yaml.Node) {
	l.list(n, "slides", func(item *yaml.Node) {
		id := l.id(item, "each of slides")
		if slices.Contains(l.w.Slides, id) {
			l.problem(item, "slide %q stands twice", id)
		}
		l.w.Slides = append(l.w.Slides, id)
	})
}

func (l *loader) param(n *yaml.Node) {
	p := Param{Type: "string"}
	l.mapping(n, "a parameter", fields{
		"name":    func(n *yaml.Node) { p.Name = l.str(n, "name") },
		"type":    func(n *yaml.Node) { p.Type = l.oneOf(n, "type", "string", "int", "bool", "secret") },
		"default": func(n *yaml.Node) { p.Default = l.paramDefault(n) },
		"help":    func(n *yaml.Node) { p.Help = l.text(n, "help") },
	}, "name")
	if p.Name != "" && l.isParam(p.Name) {
		l.problem(n, "parameter %q stands twice", p.Name)
	}
	if p.Type == "int" || p.Type == "bool" {
		l.peek(n, "default", func(value *yaml.Node) { l.checkField(value, "default", FieldType(p.Type), p.Default, "") })
	}
	l.w.Params = append(l.w.Params, p)
}

func (l *loader) isParam(name string) bool {
	return slices.ContainsFunc(l.w.Params, func(p Param) bool { return p.Name == name })
}

// paramDefault reads a default, which is filled in before anything has run.
func (l *loader) paramDefault(n *yaml.Node) string {
	s := l.str(n, "default")
	for _, name := range Names(s) {
		if !slices.Contains(builtinValues, name) && !l.isParam(name) {
			l.problem(n, "default: no parameter %q stands before", name)
		}
	}
	return s
}

func (l *loader) oneOf(n *yaml.Node, what string, values ...string) string {
	s := l.str(n, what)
	if !slices.Contains(values, s) {
		l.problem(n, "%s is one of %s, not %q", what, strings.Join(values, ", "), s)
	}
	return s
}

func (l *loader) hop(n *yaml.Node) {
	h := Hop{Port: "22"}
	l.mapping(n, "a hop", fields{
		"name": func(n *yaml.Node) { h.Name = string(l.id(n, "name")) },
		"via": func(n *yaml.Node) {
			h.Via = l.str(n, "via")
			if !slices.ContainsFunc(l.w.Hops, func(o Hop) bool { return o.Name == h.Via }) {
				l.problem(n, "via %q: no hop of that name stands before", h.Via)
			}
		},
		"user":     func(n *yaml.Node) { h.User = l.template(n, "user", "") },
		"host":     func(n *yaml.Node) { h.Host = l.template(n, "host", "") },
		"port":     func(n *yaml.Node) { h.Port = l.template(n, "port", "") },
		"password": func(n *yaml.Node) { h.Password = l.template(n, "password", "") },
		"hostkey":  func(n *yaml.Node) { h.HostKey = l.template(n, "hostkey", "") },
		"server":   func(n *yaml.Node) { h.Server = l.template(n, "server", "") },
		"sudo":     func(n *yaml.Node) { h.Sudo = l.boolTemplate(n, "sudo") },
	}, "name", "user", "host")
	if _, twice := l.w.Hop(h.Name); twice && h.Name != "" {
		l.problem(n, "hop %q stands twice", h.Name)
	}
	l.w.Hops = append(l.w.Hops, h)
}

func (l *loader) cloud(n *yaml.Node) {
	l.mapping(n, "cloud", fields{
		"hop": func(n *yaml.Node) {
			l.w.Cloud.Hop = l.str(n, "hop")
			l.refs = append(l.refs, reference{node: n, name: l.w.Cloud.Hop, what: "hop"})
		},
		"openrc": func(n *yaml.Node) { l.w.Cloud.OpenRC = l.template(n, "openrc", "") },
		"api_via": func(n *yaml.Node) {
			l.w.Cloud.APIVia = l.template(n, "api_via", "")
			l.checkField(n, "api_via", FieldHop, l.w.Cloud.APIVia, "")
		},
		"ports": func(n *yaml.Node) {
			l.list(n, "ports", func(item *yaml.Node) {
				port := l.template(item, "each of ports", "")
				l.checkField(item, "each of ports", FieldInt, port, "")
				l.w.Cloud.Ports = append(l.w.Cloud.Ports, port)
			})
		},
		"open_ports": func(n *yaml.Node) { l.w.Cloud.OpenPorts = l.boolTemplate(n, "open_ports") },
		"floating":   func(n *yaml.Node) { l.w.Cloud.Floating = l.template(n, "floating", "") },
	}, "hop", "openrc")
}

// boolTemplate reads true, false, or a template for one of them.
func (l *loader) boolTemplate(n *yaml.Node, what string) string {
	s := l.template(n, what, "")
	l.checkField(n, what, FieldBool, s, "")
	return s
}

func (l *loader) placeholders(n *yaml.Node) {
	l.w.Placeholders = l.stringMap(n, "placeholders", func(_, value *yaml.Node) { l.values(value, "") })
}

func (l *loader) sandbox(n *yaml.Node) {
	l.mapping(n, "sandbox", fields{
		"world": func(n *yaml.Node) {
			l.w.Sandbox.World = l.str(n, "world")
			if !l.isFile(l.w.Sandbox.World) {
				l.problem(n, "world %q: no such folder", l.w.Sandbox.World)
			}
		},
		"params": func(n *yaml.Node) {
			l.w.Sandbox.Params = l.stringMap(n, "params", func(key, _ *yaml.Node) {
				l.refs = append(l.refs, reference{node: key, name: key.Value, what: "parameter"})
			})
		},
	}, "world")
}

func (l *loader) step(n *yaml.Node) {
	s := Step{Line: n.Line}
	// The id names the step in every complaint and reference.
	l.peek(n, "id", func(n *yaml.Node) { s.ID = l.id(n, "id") })
	list := func(to *[]Action, what string) func(*yaml.Node) {
		return func(n *yaml.Node) { l.list(n, what, func(n *yaml.Node) { *to = append(*to, l.action(n, s.ID)) }) }
	}
	l.mapping(n, "step "+strconv.Quote(string(s.ID)), fields{
		"id":      func(*yaml.Node) {},
		"title":   func(n *yaml.Node) { s.Title = l.text(n, "title") },
		"slides":  func(n *yaml.Node) { s.Slides = l.ids(n, "slides", "slide") },
		"needs":   func(n *yaml.Node) { s.Needs = l.needs(n) },
		"panes":   func(n *yaml.Node) { s.Panes = l.strings(n, "panes") },
		"actions": list(&s.Actions, "actions"),
		"checks":  list(&s.Checks, "checks"),
		"undo":    list(&s.Undo, "undo"),
		"hints": func(n *yaml.Node) {
			l.list(n, "hints", func(n *yaml.Node) { s.Hints = append(s.Hints, l.text(n, "a hint")) })
		},
		"confirm": func(n *yaml.Node) { s.Confirm = l.text(n, "confirm") },
		"victory": func(n *yaml.Node) { s.Victory = l.boolean(n, "victory") },
		"expect":  func(n *yaml.Node) { s.Expect = l.duration(n, "expect") },
	}, "id", "title")
	if len(s.Actions)+len(s.Checks) == 0 {
		l.problem(n, "step %q has neither actions nor checks", s.ID)
	}
	if _, twice := l.w.Step(s.ID); twice && s.ID != "" {
		l.problem(n, "step %q stands twice", s.ID)
	}
	l.w.Steps = append(l.w.Steps, s)
}

// needs reads ids of steps that stand before: a step cannot wait for a later one, so there are no
// circles.
func (l *loader) needs(n *yaml.Node) []ID {
	var out []ID
	l.list(n, "needs", func(item *yaml.Node) {
		id := l.id(item, "each of needs")
		if _, ok := l.w.Step(id); !ok {
			var ids []string
			for _, s := range l.w.Steps {
				ids = append(ids, string(s.ID))
			}
			l.problem(item, "needs %q: no step of that id stands before%s", id, l.hint(string(id), ids))
		}
		out = append(out, id)
	})
	return out
}

func (l *loader) duration(n *yaml.Node, what string) time.Duration {
	d, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || d < 0 {
		l.problem(n, "%s must be a duration such as 90s or 5m", what)
	}
	return d
}

func (l *loader) action(n *yaml.Node, step ID) Action {
	a := Action{Line: n.Line}
	l.peek(n, "kind", func(n *yaml.Node) { a.Kind = l.str(n, "kind") })
	schema, known := l.kinds[a.Kind]
	what := "an action"
	if a.Kind != "" {
		what = a.Kind
	}
	var with *yaml.Node
	l.mapping(n, what, fields{
		"kind": func(n *yaml.Node) {
			if !known {
				l.problem(n, "unknown kind %q%s", a.Kind, l.hint(a.Kind, keysOf(l.kinds)))
			}
		},
		"name":       func(n *yaml.Node) { a.Name = l.str(n, "name") },
		"title":      func(n *yaml.Node) { a.Title = l.text(n, "title") },
		"command":    func(n *yaml.Node) { a.Command = l.template(n, "command", step) },
		"with":       func(n *yaml.Node) { with = n },
		"save":       func(n *yaml.Node) { a.Save = l.save(n, schema, known) },
		"timeout":    func(n *yaml.Node) { a.Timeout = l.duration(n, "timeout") },
		"within":     func(n *yaml.Node) { a.Within = l.duration(n, "within") },
		"expect":     func(n *yaml.Node) { a.Expect = l.duration(n, "expect") },
		"background": func(n *yaml.Node) { a.Background = l.boolean(n, "background") },
	}, "kind")
	if known {
		a.With = l.with(n, with, a.Kind, schema, step)
		a.Looks, a.Makes, a.Unmakes = schema.Looks, schema.Makes, schema.Unmakes
		if a.Timeout == 0 {
			a.Timeout = schema.Timeout
		}
	}
	if a.Name == "" {
		a.Name = a.Kind
	}
	return a
}

func (l *loader) save(n *yaml.Node, schema Schema, known bool) map[string]string {
	save := l.stringMap(n, "save", func(_, value *yaml.Node) {
		if known && !slices.Contains(schema.Results, value.Value) {
			l.problem(value, "%s gives no %q%s", schema.Kind, value.Value, l.hint(value.Value, schema.Results))
		}
	})
	l.broken = l.broken || save == nil
	return save
}

// with reads a kind's own fields.
func (l *loader) with(action, n *yaml.Node, kind string, schema Schema, step ID) map[string]Value {
	values := map[string]Value{}
	known := fields{}
	var required []string
	for name, field := range schema.Fields {
		known[name] = func(n *yaml.Node) { values[name] = l.field(n, kind+" "+name, field, step) }
		if field.Required {
			required = append(required, name)
		}
	}
	slices.Sort(required)
	if n == nil {
		if len(required) > 0 {
			l.problem(action, "%s needs with: %s", kind, strings.Join(required, ", "))
		}
		return values
	}
	l.mapping(n, kind+"'s with", known, required...)
	return values
}

func (l *loader) field(n *yaml.Node, what string, f Field, step ID) Value {
	switch f.Type {
	case FieldList, FieldHops, FieldSteps:
		var v Value
		l.list(n, what, func(item *yaml.Node) {
			v.List = append(v.List, l.template(item, "each of "+what, step))
			switch f.Type {
			case FieldHops:
				l.refs = append(l.refs, reference{node: item, step: step, name: item.Value, what: "hop"})
			case FieldSteps:
				l.refs = append(l.refs, reference{node: item, step: step, name: item.Value, what: "step"})
			}
		})
		return v
	case FieldMap:
		return Value{Map: l.stringMap(n, what, func(_, value *yaml.Node) { l.values(value, step) })}
	}
	v := Value{Text: l.template(n, what, step)}
	l.checkField(n, what, f.Type, v.Text, step)
	return v
}

// checkField checks what can be known of a field before its values are.
func (l *loader) checkField(n *yaml.Node, what string, t FieldType, text string, step ID) {
	filled := len(Names(text)) == 0
	switch {
	case t == FieldPattern:
		if _, err := regexp.Compile(Sketch(text, nil)); err != nil {
			l.problem(n, "%s: %v", what, err)
		}
	case t == FieldShell:
		if err := checkShell(text); err != nil {
			l.problem(n, "%s: %v", what, err)
		}
	case !filled:
	case t == FieldInt:
		if _, err := strconv.Atoi(text); err != nil {
			l.problem(n, "%s must be a whole number", what)
		}
	case t == FieldBool:
		l.boolean(n, what)
	case t == FieldDuration:
		l.duration(n, what)
	case t == FieldHop:
		l.refs = append(l.refs, reference{node: n, step: step, name: text, what: "hop"})
	case t == FieldFile:
		if !l.isFile(text) {
			l.problem(n, "%s %q: no such file in the workshop", what, text)
		}
	}
}
