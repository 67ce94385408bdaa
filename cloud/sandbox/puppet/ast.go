package puppet

// node is one node of the syntax tree; in Puppet everything is an expression.
type node interface{ at() pos }

func (p pos) at() pos { return p }

type (
	// literal is a string, number, boolean, undef or default.
	literal struct {
		pos
		value any
	}
	// interp is a string with expressions in it.
	interp struct {
		pos
		parts []node
	}
	variable struct {
		pos
		name string
	}
	// bare is a lower-case name: a string, or the name of a function or type.
	bare struct {
		pos
		name string
	}
	// typeName is an upper-case name: Package, String.
	typeName struct {
		pos
		name string
	}
	regex struct {
		pos
		text string
	}
	list struct {
		pos
		items []node
	}
	pair struct{ key, value node }
	hash struct {
		pos
		pairs []pair
	}
	access struct {
		pos
		of   node
		keys []node
	}
	unary struct {
		pos
		op string
		of node
	}
	binary struct {
		pos
		op          string
		left, right node
	}
	call struct {
		pos
		name   string
		args   []node
		lambda *lambda
	}
	lambda struct {
		params []param
		body   []node
	}
	selector struct {
		pos
		of      node
		options []pair
	}
	assign struct {
		pos
		to   node
		from node
		op   string
	}
	conditional struct {
		pos
		test      node
		then, alt []node
	}
	caseOf struct {
		pos
		of      node
		options []caseOption
	}
	caseOption struct {
		values []node
		body   []node
	}
	param struct {
		name  string
		typ   node
		value node // default; nil when required
		rest  bool // *$name
	}
	// resource declares one or more resources: type { title: attributes; ... }.
	resource struct {
		pos
		typ    node
		form   string // "", "@", "@@"
		bodies []body
	}
	body struct {
		pos
		title node
		attrs []attribute
	}
	attribute struct {
		pos
		name  string // "*" for a hash of attributes
		add   bool   // +>
		value node
	}
	// settings is Type { attributes } (defaults) or Type['x'] { attributes } (an override).
	settings struct {
		pos
		of    node
		attrs []attribute
	}
	collector struct {
		pos
		typ      string
		exported bool
		query    node // nil collects all
		attrs    []attribute
	}
	relation struct {
		pos
		op          string
		left, right node
	}
	// definition is a class, a define, a function or a type alias.
	definition struct {
		pos
		what   string
		name   string
		params []param
		parent string
		result node
		body   []node
	}
	nodeDef struct {
		pos
		hosts []node // literal, regex or default
		body  []node
	}
)
