package steps

import (
	"maps"
	"slices"
	"strings"
)

// Vars are the values templates name: parameters, what actions saved, and what the program knows
// ("seat", "sandbox.ssh.port").
type Vars map[string]string

// With is a copy with more values; theirs win.
func (v Vars) With(more map[string]string) Vars {
	out := maps.Clone(v)
	if out == nil {
		out = Vars{}
	}
	maps.Copy(out, more)
	return out
}

// Expand fills in a template: ${name} stands for a value, $${ for a literal ${. Quote, if not nil,
// is applied to each value: a shell's quoting, say. A name without a value is an error that names
// it.
func Expand(template string, vars Vars, quote func(string) string) (string, error) {
	var b strings.Builder
	var missing []string
	for p := range pieces(template) {
		switch {
		case !p.name:
			b.WriteString(p.text)
		default:
			value, ok := vars[p.text]
			if !ok {
				missing = append(missing, p.text)
				continue
			}
			if quote != nil {
				value = quote(value)
			}
			b.WriteString(value)
		}
	}
	if missing != nil {
		slices.Sort(missing)
		missing = slices.Compact(missing)
		f := Fail(FailValue, "cause.no-value", "no value yet for {names}", "names", strings.Join(missing, ", "))
		f.Missing = missing
		return "", f
	}
	return b.String(), nil
}

// Sketch fills in a template for people: a name without a value stands as it is.
func Sketch(template string, vars Vars) string {
	return sketch(template, func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	})
}

// sketch is [Sketch] with the values that value finds.
func sketch(template string, value func(name string) (string, bool)) string {
	var b strings.Builder
	for p := range pieces(template) {
		if !p.name {
			b.WriteString(p.text)
		} else if v, ok := value(p.text); ok {
			b.WriteString(v)
		} else {
			b.WriteString("<" + p.text + ">")
		}
	}
	return b.String()
}

// Names lists the names a template uses, each once, in order of first use.
func Names(template string) []string {
	var names []string
	for p := range pieces(template) {
		if p.name && !slices.Contains(names, p.text) {
			names = append(names, p.text)
		}
	}
	return names
}

type piece struct {
	text string
	name bool
}

// pieces cuts a template into literal text and names. An opening without an end is literal.
func pieces(template string) func(yield func(piece) bool) {
	return func(yield func(piece) bool) {
		for template != "" {
			at := strings.Index(template, "${")
			if at < 0 {
				yield(piece{text: template})
				return
			}
			if at > 0 && template[at-1] == '$' {
				if !yield(piece{text: template[:at-1] + "${"}) {
					return
				}
				template = template[at+2:]
				continue
			}
			end := strings.IndexByte(template[at:], '}')
			if end < 0 {
				yield(piece{text: template})
				return
			}
			if at > 0 && !yield(piece{text: template[:at]}) {
				return
			}
			if !yield(piece{text: template[at+2 : at+end], name: true}) {
				return
			}
			template = template[at+end+1:]
		}
	}
}
