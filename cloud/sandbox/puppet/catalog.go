package puppet

import (
	"slices"
	"strings"
)

// Resource is one resource of a catalogue: a native one, or a container (a class, an instance of
// a defined type, a node, the stage).
type Resource struct {
	Type, Title string // as a reference is written: Package, git
	Params      map[string]any
	Order       []string // names of Params as they were given
	Tags        []string

	container *Resource
	define    *definition // of an instance of a defined type
	scope     *scope      // where a defined type is evaluated from
	virtual   bool
	exported  bool
	imported  bool // another node exports it
	evaluated bool
	pos       pos
}

// Ref is the resource's reference: Package[git].
func (r *Resource) Ref() string { return r.Type + "[" + r.Title + "]" }

// container tells a class, a node, a stage or an instance of a defined type.
func (r *Resource) isContainer() bool {
	return r.define != nil || r.Type == "Class" || r.Type == "Node" || r.Type == "Stage"
}

// Path is the resource's path in messages: /Stage[main]/Python/Package[python3].
func (r *Resource) Path() string {
	var parts []string
	for at := r; at != nil; at = at.container {
		name := at.Ref()
		if at.Type == "Class" {
			name = at.Title
		}
		parts = append(parts, name)
	}
	slices.Reverse(parts)
	return "/" + strings.Join(parts, "/")
}

// set gives a parameter a value.
func (r *Resource) set(name string, v any) {
	if _, ok := r.Params[name]; !ok {
		r.Order = append(r.Order, name)
	}
	r.Params[name] = v
}

// text is a parameter as text, or "".
func (r *Resource) text(name string) string {
	if v, ok := r.Params[name]; ok && v != nil {
		return render(v)
	}
	return ""
}

// flag is a parameter as a boolean, "yes" and "true" included.
func (r *Resource) flag(name string) bool {
	switch s := r.text(name); s {
	case "true", "yes":
		return true
	}
	return false
}

// many is a parameter as a list of texts.
func (r *Resource) many(name string) []string {
	switch v := r.Params[name].(type) {
	case nil:
		return nil
	case []any:
		out := make([]string, len(v))
		for i := range v {
			out[i] = render(v[i])
		}
		return out
	default:
		return []string{render(v)}
	}
}

// Catalog is what one node should be: its resources in the order they were declared.
type Catalog struct {
	Node      string
	Version   string
	Resources []*Resource

	byRef    map[string]*Resource
	edges    []edge
	exported []Exported
	held     [][2]*Resource // a container and a class that contain() put into it
}

// edge says that one resource comes before another; refresh that its changes refresh the other.
type edge struct {
	from, to *Resource
	refresh  bool
}

// maxResources bounds a catalogue.
const maxResources = 5000

func refKey(typ, title string) string {
	if typ == "Class" {
		title = capital(title)
	}
	return typ + "[" + title + "]"
}

// lookup finds a resource by its reference; a file is found with a slash at its end too.
func (c *Catalog) lookup(typ, title string) *Resource {
	if r := c.byRef[refKey(typ, title)]; r != nil {
		return r
	}
	if typ == "File" && len(title) > 1 {
		return c.byRef[refKey(typ, strings.TrimRight(title, "/"))]
	}
	return nil
}

func (c *Catalog) add(r *Resource) {
	c.Resources = append(c.Resources, r)
	c.byRef[refKey(r.Type, r.Title)] = r
}
