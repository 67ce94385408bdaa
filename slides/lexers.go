package slides

import (
	"sync"

	"github.com/alecthomas/chroma/v2"
)

// The lexers are our own and made on first use: registering chroma's whole
// set costs more at every start than the rest of the program.
var (
	puppetLexer  = lazyLexer("puppet", puppetRules)
	yamlLexer    = lazyLexer("yaml", yamlRules)
	shellLexer   = lazyLexer("shell", shellRules)
	haproxyLexer = lazyLexer("haproxy", haproxyRules)
	pythonLexer  = lazyLexer("python", pythonRules)
)

// lazyLexer returns a function that makes the lexer once.
func lazyLexer(name string, rules func() chroma.Rules) func() chroma.Lexer {
	return sync.OnceValue(func() chroma.Lexer {
		return chroma.Coalesce(chroma.MustNewLexer(&chroma.Config{Name: name}, rules))
	})
}

// lexerFor returns the lexer of a fence's language, or nil.
func lexerFor(lang string) chroma.Lexer {
	switch lang {
	case "puppet", "pp":
		return puppetLexer()
	case "yaml", "yml", "json", "cloud-config", "hiera":
		return yamlLexer()
	case "shell", "sh", "bash", "zsh", "console", "shell-session", "openrc":
		return shellLexer()
	case "haproxy", "ini", "conf", "cfg", "toml", "properties":
		return haproxyLexer()
	case "python", "py":
		return pythonLexer()
	}
	return nil
}

// Patterns that several languages share.
const (
	singleQuoted = `'(?:\\.|[^'\\])*'`
	doubleQuoted = `"(?:\\.|[^"\\])*"`
	hashComment  = `#[^\n]*`
	number       = `\b\d+(?:\.\d+)*\b`
)

// puppetRules cover manifests (https://www.puppet.com/docs/puppet/latest/lang_summary.html).
func puppetRules() chroma.Rules {
	return chroma.Rules{"root": {
		{Pattern: `\s+`, Type: chroma.Text},
		{Pattern: hashComment, Type: chroma.Comment},
		{Pattern: singleQuoted, Type: chroma.String},
		{Pattern: doubleQuoted, Type: chroma.String},
		{Pattern: `\$(?:::)?[a-z_]\w*(?:::\w+)*`, Type: chroma.NameVariable},
		{Pattern: `\b(?:class|define|node|inherits|if|elsif|else|unless|case|default|include|require|contain|function|type|site|plan|and|or|in|true|false|undef)\b(?!\s*[=+]>)`, Type: chroma.Keyword},
		{Pattern: `@{0,2}\b[a-z]\w*(?:::[a-z]\w*)*(?=\s*\{)`, Type: chroma.NameFunction},
		{Pattern: `\b[a-z_]\w*(?=\s*[=+]>)`, Type: chroma.NameAttribute},
		{Pattern: `\b[A-Z]\w*(?:::[A-Z]\w*)*`, Type: chroma.NameClass},
		{Pattern: number, Type: chroma.Number},
		{Pattern: `=>|\+>|->|~>|<<?\||\|>>?|[=!<>]=|=~|!~|[=<>+*/%!?|@&-]`, Type: chroma.Operator},
		{Pattern: `[{}\[\](),:;.]`, Type: chroma.Punctuation},
		{Pattern: `\w+`, Type: chroma.Text},
		{Pattern: `.`, Type: chroma.Text},
	}}
}

// yamlRules cover what cloud-config and Hiera files use, and JSON.
func yamlRules() chroma.Rules {
	return chroma.Rules{"root": {
		{Pattern: `[ \n]+`, Type: chroma.Text},
		{Pattern: `(?<![^\s])` + hashComment, Type: chroma.Comment},
		{Pattern: `(?:` + doubleQuoted + `|` + singleQuoted + `)(?=\s*:)`, Type: chroma.NameTag},
		{Pattern: `(?<=^|[\s{,])[\w./<>-]+(?:::\w+)*(?=:(?:\s|$))`, Type: chroma.NameTag},
		{Pattern: doubleQuoted, Type: chroma.String},
		{Pattern: singleQuoted, Type: chroma.String},
		{Pattern: `(?:true|false|yes|no|on|off|null|~)(?=\s|$|[,}\]])`, Type: chroma.Keyword},
		{Pattern: `(?<![\w.-])\d+(?:\.\d+)*(?=\s|$|[,}\]])`, Type: chroma.Number},
		{Pattern: `[-?:|>](?=\s|$)|[&*]\w+`, Type: chroma.Operator},
		{Pattern: `[{}\[\],]`, Type: chroma.Punctuation},
		{Pattern: `[\w./-]+`, Type: chroma.Text},
		{Pattern: `.`, Type: chroma.Text},
	}}
}

// shellRules cover POSIX shell and the bash people type in workshops.
func shellRules() chroma.Rules {
	return chroma.Rules{"root": {
		{Pattern: `^\$(?= )`, Type: chroma.Operator},
		{Pattern: `\s+`, Type: chroma.Text},
		{Pattern: `(?<![^\s;&|(])` + hashComment, Type: chroma.Comment},
		{Pattern: singleQuoted, Type: chroma.String},
		{Pattern: doubleQuoted, Type: chroma.String},
		{Pattern: `\$\{[^}\n]*\}|\$\w+|\$[?#@*$!-]`, Type: chroma.NameVariable},
		{Pattern: `\b[A-Za-z_]\w*(?==)`, Type: chroma.NameVariable},
		{Pattern: `(?<![\w./-])(?:if|then|elif|else|fi|for|in|while|until|do|done|case|esac|function|return|export|local|source|set|exit)(?![\w./-])`, Type: chroma.Keyword},
		{Pattern: `(?<![\w./-])(?:sudo|ssh|scp|cd|ls|cat|echo|vim|git|curl|apt-get|apt|systemctl|service|puppet|nova|openstack|crontab|tail|tailf|grep|sed)(?![\w./-])`, Type: chroma.NameFunction},
		{Pattern: `(?<![^\s])--?[A-Za-z][\w-]*`, Type: chroma.NameAttribute},
		{Pattern: `(?<![\w.-])\d+(?![\w.-])`, Type: chroma.Number},
		{Pattern: `[|&;<>]+|\\$`, Type: chroma.Operator},
		{Pattern: `[\w./-]+`, Type: chroma.Text},
		{Pattern: `.`, Type: chroma.Text},
	}}
}

// haproxyRules cover haproxy.cfg and other section-and-directive files.
func haproxyRules() chroma.Rules {
	return chroma.Rules{"root": {
		{Pattern: `[ \n]+`, Type: chroma.Text},
		{Pattern: `(?<![^\s])[#;][^\n]*`, Type: chroma.Comment},
		{Pattern: `^\[[^\]\n]+\]`, Type: chroma.Keyword},
		{Pattern: `^(?:global|defaults|frontend|backend|listen|resolvers|peers|userlist|program)\b`, Type: chroma.Keyword},
		{Pattern: `^[\w.-]+(?= *=)`, Type: chroma.NameAttribute},
		{Pattern: `(?<=^ +)[\w.-]+`, Type: chroma.NameAttribute},
		{Pattern: doubleQuoted, Type: chroma.String},
		{Pattern: singleQuoted, Type: chroma.String},
		{Pattern: `(?<![\w.-])(?:\d+(?:\.\d+)*)?(?::\d+)?(?<=\d)(?:ms|s|m|h|d|k|g)?(?![\w.-])`, Type: chroma.Number},
		{Pattern: `(?<![\w-])(?:check|backup|roundrobin|leastconn|source|http|tcp|on|off|true|false|yes|no)(?![\w-])`, Type: chroma.NameClass},
		{Pattern: `=`, Type: chroma.Operator},
		{Pattern: `[\w./-]+`, Type: chroma.Text},
		{Pattern: `.`, Type: chroma.Text},
	}}
}

// pythonRules cover small scripts.
func pythonRules() chroma.Rules {
	return chroma.Rules{"root": {
		{Pattern: `\s+`, Type: chroma.Text},
		{Pattern: hashComment, Type: chroma.Comment},
		{Pattern: `"""(?:[^"]|"(?!""))*"""`, Type: chroma.String},
		{Pattern: doubleQuoted, Type: chroma.String},
		{Pattern: singleQuoted, Type: chroma.String},
		{Pattern: `@[\w.]+`, Type: chroma.NameFunction},
		{Pattern: `\b(?:and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|not|or|pass|raise|return|try|while|with|yield|None|True|False)\b`, Type: chroma.Keyword},
		{Pattern: `\b\w+(?=\()`, Type: chroma.NameFunction},
		{Pattern: number, Type: chroma.Number},
		{Pattern: `[-+*/%=<>!&|^~@]+`, Type: chroma.Operator},
		{Pattern: `\w+`, Type: chroma.Text},
		{Pattern: `.`, Type: chroma.Text},
	}}
}
