package fault

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// MaxFile is the largest fault file [Load] reads, in bytes.
const MaxFile = 1 << 20

// Load reads a fault file. It is strict: an unknown key, point or type is a mistake, and the error
// names all mistakes, each with its line. An empty file is a set without rules.
func Load(r io.Reader) (*Set, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read faults: %w", err)
	}
	if len(data) > MaxFile {
		return nil, fmt.Errorf("read faults: larger than %d bytes", MaxFile)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("read faults: %w", err)
	}
	var bad problems
	var s Set
	for _, n := range bad.list(&doc) {
		rule := bad.rule(n)
		expr := bad.check(0, rule)
		s.rules = append(s.rules, &armed{Rule: rule, expr: expr})
	}
	if err := bad.err(); err != nil {
		return nil, fmt.Errorf("read faults: %w", err)
	}
	return &s, nil
}

// problems collects mistakes, so that all are told at once.
type problems []error

func (p *problems) add(line int, format string, args ...any) {
	*p = append(*p, fmt.Errorf("line %d: %s", line, fmt.Sprintf(format, args...)))
}

func (p *problems) err() error { return errors.Join(*p...) }

// list is the items of the document's one key.
func (p *problems) list(doc *yaml.Node) []*yaml.Node {
	if doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 || isNull(doc.Content[0]) {
		return nil
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		p.add(top.Line, `want a mapping with the key "faults"`)
		return nil
	}
	var items []*yaml.Node
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		switch {
		case key.Value != "faults":
			p.add(key.Line, "unknown key %q, want faults", key.Value)
		case isNull(value):
		case value.Kind != yaml.SequenceNode:
			p.add(value.Line, "faults: want a list")
		default:
			items = append(items, value.Content...)
		}
	}
	return items
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// rule reads one item.
func (p *problems) rule(n *yaml.Node) Rule {
	r := Rule{Line: n.Line}
	if n.Kind != yaml.MappingNode {
		p.add(n.Line, "want a mapping with at least the key \"at\"")
		r.Line = -1
		return r
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if seen[key.Value] {
			p.add(key.Line, "%s: given twice", key.Value)
			continue
		}
		seen[key.Value] = true
		if value.Kind != yaml.ScalarNode {
			p.add(value.Line, "%s: want a single value", key.Value)
			continue
		}
		p.field(&r, key, value)
	}
	return r
}

func (p *problems) field(r *Rule, key, value *yaml.Node) {
	switch key.Value {
	case "at":
		r.At = Point(value.Value)
	case "match":
		r.Match = value.Value
	case "text":
		r.Text = value.Value
	case "after":
		r.After = p.number(key, value)
	case "count":
		r.Count = p.number(key, value)
	case "retry_after":
		r.RetryAfter = p.number(key, value)
	case "delay":
		d, err := time.ParseDuration(value.Value)
		if err != nil {
			p.add(value.Line, "delay: %q is no duration such as 90s", value.Value)
		}
		r.Delay = d
	default:
		p.add(key.Line, "unknown key %q, want one of at, match, after, count, text, delay, retry_after", key.Value)
	}
}

func (p *problems) number(key, value *yaml.Node) int {
	n, err := strconv.Atoi(value.Value)
	if err != nil {
		p.add(value.Line, "%s: %q is no whole number", key.Value, value.Value)
	}
	return n
}

// check reports what is wrong with a rule's values and compiles its expression. Rules made in code
// have no line: they go by their position.
func (p *problems) check(position int, r Rule) *regexp.Regexp {
	report := func(format string, args ...any) {
		if r.Line > 0 {
			p.add(r.Line, format, args...)
			return
		}
		*p = append(*p, fmt.Errorf("rule %d: %s", position, fmt.Sprintf(format, args...)))
	}
	if r.Line < 0 {
		return nil
	}
	switch {
	case r.At == "":
		report("the key \"at\" is missing")
	case !slices.Contains(Points, r.At):
		report("unknown point %q, want one of %s", r.At, strings.Join(Names(), ", "))
	}
	if r.After < 0 || r.Count < 0 || r.RetryAfter < 0 || r.Delay < 0 {
		report("a negative number makes no sense here")
	}
	expr, err := regexp.Compile(r.Match)
	if err != nil {
		report("match: %v", err)
		return nil
	}
	return expr
}
