package puppet

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"
)

// compileText compiles one manifest for web-1.
func compileText(site string) (*Catalog, error) {
	m := &memMaster{env: fstest.MapFS{}, exported: map[string][]Exported{}, root: "/env"}
	m.site(site)
	s := &Simulator{}
	s.data.Facts = map[string]any{"osfamily": "Debian", "os": map[string]any{"family": "Debian"}}
	return s.compileFor(newNode("web-1", "10.0.0.11"), m)
}

// expressions and what they come to, or a part of the mistake.
var expressions = map[string]string{
	`'it\'s \n'`:                              `it's \n`,
	`"tab\there \$x \u0041"`:                  "tab\there $x A",
	`"$hostname ${hostname}"`:                 "web-1 web-1",
	`"${facts['os']['family']}"`:              "Debian",
	`"${::osfamily}-$::fqdn"`:                 "Debian-web-1.novalocal",
	`"${facts['networking']['ip'].upcase}"`:   "10.0.0.11",
	`"${[1, 2].map |$x| { $x * 2 }}"`:         "[2, 4]",
	`"a${undef}b${'}'}"`:                      "ab}",
	`1 + 2 * 3 - 4 / 2`:                       "5",
	`-3 % 2`:                                  "-1",
	`0x10 + 010`:                              "24",
	`1.5 + 1`:                                 "2.5",
	`"${1 == 1.0} ${'A' == 'a'} ${1 == '1'}"`: "true true false",
	`"${'b' in 'abc'} ${'x' in ['X']} ${'k' in { k => 1 }}"`:  "true true true",
	`"${'web-1' =~ /^web-(\d)$/} $1"`:                         "true 1",
	`if $hostname =~ /^web-(\d+)/ { "n$1" } else { 'no' }`:    "n1",
	`unless false { 'u' }`:                                    "u",
	`case 'b' { 'a', 'c': { 1 } /^B/: { 2 } default: { 3 } }`: "3",
	`case 3 { Integer: { 'int' } default: { 'else' } }`:       "int",
	`$hostname ? { /^web/ => 'w', default => 'd' }`:           "w",
	`[1, [2, 3]].flatten.join('-')`:                           "1-2-3",
	`{ b => 1, a => 2 }.keys.sort.join(',')`:                  "a,b",
	`{ b => 1 } + { a => 2 }`:                                 "{'b' => 1, 'a' => 2}",
	`[1, 2, 3][1]`:                                            "2",
	`[1, 2, 3][-2, 2]`:                                        "[2, 3]",
	`'hello'[1, 3]`:                                           "ell",
	`{ 'k' => ['v'] }['k'][0]`:                                "v",
	`{ 'k' => ['v'] }.dig('k', 0)`:                            "v",
	`[3, 1, 2].reduce |$a, $b| { $a + $b }`:                   "6",
	`range(1, 4).filter |$x| { $x > 2 }`:                      "[3, 4]",
	`['a', 'b'].map |$i, $v| { "${i}${v}" }.join(' ')`:        "0a 1b",
	`split('a,b,,', ',').size`:                                "2",
	`regsubst('a.b.c', '\.', '-', 'G')`:                       "a-b-c",
	`sprintf('%03d %s %.1f%%', 7, 'x', 2.55)`:                 "007 x 2.5%",
	`versioncmp('5.10.1', '5.9')`:                             "1",
	`'FOO'.downcase.capitalize`:                               "Foo",
	`String(3) + 1`:                                           "4",
	`Integer('0x1f', 16)`:                                     `The value '0x1f' cannot be converted to Integer.`,
	`"${Package['a', 'b']}"`:                                  "[Package['a'], Package['b']]",
	`type('x')`:                                               "String",
	`lookup('nothing', String, 'first', 'd')`:                 "d",
	`pick(undef, '', 'p')`:                                    "p",
	`@(END)
  text $hostname
  | END
`: "text $hostname\n",
	`@("END"/L)
    text ${hostname}
    | - END
`: "text web-1",
	`'a' + 1`:         `The value 'a' cannot be converted to Numeric.`,
	`1 / 0`:           `Division by 0`,
	`nosuch(1)`:       `Unknown function: 'nosuch'.`,
	`[1].join(`:       `Syntax error at '}'`,
	`$x ? { 1 => }`:   `Syntax error at '}'`,
	`"${"`:            `Unclosed quote after '"' followed by`,
	`downcase()`:      `'downcase' expects 1 argument, got 0`,
	`[1, 2].slice(0)`: `expects an Integer[1] value`,
}

// TestExpressions evaluates what a message is set to.
func TestExpressions(t *testing.T) {
	t.Parallel()
	for expr, want := range expressions {
		cat, err := compileText("node default { notify { 'x': message => " + wrap(expr) + " } }")
		got := fmt.Sprint(err)
		if err == nil {
			got = cat.lookup("Notify", "x").text("message")
		}
		if got != want && !(err != nil && strings.Contains(got, want)) {
			t.Errorf("%s\n got %s\nwant %s", expr, got, want)
		}
	}
}

// wrap puts what isn't a simple value in a lambda.
func wrap(expr string) string { return "with() || { " + expr + " }" }

// TestMistakes are mistakes that no recording has.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ site, want string }{
		{`class a { } class a { }`, `is already defined`},
		{`class a { class { 'b': } } class b { include a } include b`, `Duplicate declaration: Class[B]`},
		{`class a inherits nothing { } include a`, `Could not find parent class nothing`},
		{`define d { d { "${title}x": } } d { 'a': }`, `stack level too deep`},
		{`function f($x) { f($x) } f(1)`, `stack level too deep`},
		{`range(1, 10000000).each |$x| { notice($x) }`, `a list is too long`},
		{`range(1, 20000).each |$x| { range(1, 20000).each |$y| { notice($y) } }`, `takes too long`},
		{`$s = range(1, 15).reduce('xxxxxxxxxxxxxxxx') |$a, $b| { "${a}${a}" } $l = range(1, 19000).map |$x| { "${s}${x}" }`, `takes too long`},
		{`$s = range(1, 16).reduce('xxxxxxxx') |$a, $b| { "${a}${a}" } range(1, 19000).each |$x| { $s == "${s}y" }`, `takes too long`},
		{`$l = range(1, 19000) $m = range(1, 19000).map |$x| { $l + [$x] }`, `takes too long`},
		{`$d = range(1, 60).reduce([1]) |$a, $b| { [$a, $a] } range(1, 9000).each |$x| { $d == [$d] }`, `takes too long`},
		{`$d = range(1, 60).reduce([]) |$a, $b| { [$a, $a] } $e = $d.flatten notify { 'x': message => "${d}" }`, `a string is too long`},
		{`notify { range(1, 9000): }`, `Illegal title type`},
		{`notify { range(1, 9000).map |$x| { "n${x}" }: }`, `too many resources`},
		{`notify { '': }`, `Empty string title`},
		{`notify { 'a': message => 'x', message => 'y' }`, `has already been set`},
		{`if true { node default { } }`, `may only appear at toplevel`},
		{`node a inherits b { }`, `Node inheritance is not supported`},
		{`$a += 1`, `no longer supported`},
		{`$facts = 1`, `reserved variable name`},
		{`$a::b = 1`, `Cannot assign to variables in other namespaces`},
		{`File['/x'] { mode => '0600' }`, `Could not find resource 'File[/x]' for overriding`},
		{`notify 'hello' $x = 1`, `This Name has no effect`},
		{`return(1)`, `context where this is illegal`},
		{`notify { 'x': } notify { 'x': }`, `Duplicate declaration: Notify[x] is already declared`},
		{strings.Repeat("(", 5000), `nested too deeply`},
		{strings.Repeat(`if true { `, 500), `nested too deeply`},
		{`"` + strings.Repeat(`${"`, 300), `Unclosed quote`},
		{`$x = /(/`, `Illegal regular expression`},
		{`$x = 1.2.3`, `Syntax error at`},
		{`notify { 'a': message => "` + "\xff\xfe" + `" }`, ``},
		{`%`, `Syntax error at '%'`},
		{"\x00", `Illegal character`},
	} {
		_, err := compileText(c.site)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%.80s\n got %v\nwant %s", c.site, err, c.want)
		}
	}
}

// TestCollect realizes virtual resources and sets what collectors override.
func TestCollect(t *testing.T) {
	t.Parallel()
	cat, err := compileText(`
node default {
  @notify { 'a': tag => 'red' }
  @notify { 'b': tag => ['blue', 'red'] }
  @notify { 'c': message => 'm' }
  @notify { 'd': }
  Notify <| tag == 'blue' or (title == 'c' and message != 'x') |> { loglevel => 'warning' }
  realize(Notify['d'])
  file { ['/a', '/b']: content => 'x' }
  file { '/c': * => { content => 'y', mode => '0600' }, require => File['/a'] }
  File <| title == '/b' |> { mode => '0640', require +> File['/c'] }
  @@notify { 'exported': message => $fqdn }
}`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range cat.Resources {
		if !r.isContainer() {
			got = append(got, r.Ref()+r.text("loglevel")+r.text("mode"))
		}
	}
	const want = "Notify[b]warning Notify[c]warning Notify[d] File[/a] File[/b]0640 File[/c]0600"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	if len(cat.exported) != 1 || cat.exported[0].Title != "exported" || cat.exported[0].Params["message"] != "web-1.novalocal" {
		t.Errorf("exported: %+v", cat.exported)
	}
	order, cycle := newGraph(cat).sorted()
	if cycle != nil {
		t.Fatal("a cycle")
	}
	var files []string
	for _, v := range order {
		if v.res.Type == "File" {
			files = append(files, v.res.Title)
		}
	}
	if s := strings.Join(files, " "); s != "/a /c /b" {
		t.Errorf("order: %s", s)
	}
}

// TestSecondRun is the promise of Puppet: whatever the manifest, the second run changes nothing.
func TestSecondRun(t *testing.T) {
	t.Parallel()
	s := newSim(t)
	kinds := []string{
		"package { '%s': ensure => present }", "package { '%s': ensure => absent }",
		"file { '/tmp/%s': content => \"%[1]s\\n\", mode => '0640', owner => 'demo' }", "file { '/opt/%s': ensure => directory, mode => '0700' }",
		"file { '/opt/%s': ensure => absent }", "cron { '%s': command => '/bin/true', user => root, minute => '*/5', hour => [1, 2] }",
		"cron { '%s': ensure => absent, user => root }", "cron { '%s': command => 'x', special => 'reboot', environment => ['A=b', 'C=d'] }",
		"ini_setting { '%s': path => '/etc/test.ini', section => 's', setting => '%[1]s', value => 'v' }",
		"ini_setting { '%s': ensure => absent, path => '/etc/test.ini', section => 'other', setting => '%[1]s' }",
		"file_line { '%s': path => '/etc/lines', line => 'line %[1]s' }", "host { '%s': ip => '10.9.9.9', host_aliases => ['al'] }",
		"user { '%s': ensure => present, home => '/h', shell => '/bin/sh' }", "group { '%s': ensure => present }",
		"exec { 'touch /tmp/made-%s': path => '/bin', creates => '/tmp/made-%[1]s' }",
		"service { 'svc%s': ensure => running, enable => true }", "service { 'svc%s': ensure => stopped, enable => false }",
		"concat { '/tmp/cat-%s': mode => '0600' } concat::fragment { '%[1]s': target => '/tmp/cat-%[1]s', content => \"c\\n\" }",
		"file { '/tmp/link-%s': ensure => link, target => '/etc/hosts' }",
	}
	names := []string{"git", "haproxy", "python3"}
	rapid.Check(t, func(rt *rapid.T) {
		m, n := newMaster(t, "bz1"), newNode("web-1", "10.0.0.11")
		for _, name := range names {
			n.services["svc"+name] = rapid.Bool().Draw(rt, "running")
			n.packages[name] = rapid.Bool().Draw(rt, "installed")
		}
		manifest := func(label string) string {
			var b strings.Builder
			b.WriteString("node default {\n")
			seen := map[string]bool{}
			for range rapid.IntRange(0, 8).Draw(rt, label) {
				kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
				name := rapid.SampledFrom(names).Draw(rt, "name")
				text := fmt.Sprintf(kind, name)
				if key := strings.SplitN(text, ":", 2)[0]; !seen[key] {
					seen[key] = true
					b.WriteString(text + "\n")
				}
			}
			return b.String() + "}\n"
		}
		m.site(manifest("first"))
		run(t, s, n, m.connect, nil)
		m.site(manifest("second")) // on a server that something else was applied to
		first, code := run(t, s, n, m.connect, nil)
		if code != ExitChanged && code != ExitUnchanged {
			rt.Fatalf("exit %d:\n%s\n%s", code, m.env["manifests/site.pp"].Data, first)
		}
		state := n.state()
		out, code := run(t, s, n, m.connect, nil)
		if code != ExitUnchanged || n.state() != state {
			rt.Fatalf("second run: exit %d\n%s\n%s", code, m.env["manifests/site.pp"].Data, out)
		}
	})
}

// TestCronSpecial goes from @reboot to a time and back.
func TestCronSpecial(t *testing.T) {
	t.Parallel()
	s, m, n := newSim(t), newMaster(t, "bz1"), settledWeb(t)
	for _, c := range []struct{ attrs, want string }{
		{"special => 'reboot'", "@reboot /bin/true\n"},
		{"minute => '5', hour => [1, 2]", "5 1,2 * * * /bin/true\n"},
		{"special => 'daily', minute => '7'", "@daily /bin/true\n"},
		{"special => 'absent', minute => absent", "* * * * * /bin/true\n"},
	} {
		m.site("cron { 'x': user => root, command => '/bin/true', " + c.attrs + " }")
		run(t, s, n, m.connect, nil)
		if got := n.text("/var/spool/cron/crontabs/root"); !strings.HasSuffix(got, "# Puppet Name: x\n"+c.want) {
			t.Errorf("%s: %s", c.attrs, got)
		}
		if out, code := run(t, s, n, m.connect, nil); code != ExitUnchanged {
			t.Errorf("%s again: exit %d\n%s", c.attrs, code, out)
		}
	}
}
