package bin

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// sedParser reads a script.
type sedParser struct {
	s    string
	i    int
	kind dialect
}

func parseSed(script string, kind dialect) ([]*sedCommand, error) {
	p := &sedParser{s: script, kind: kind}
	list, err := p.commands(0)
	if err == nil && p.i < len(p.s) {
		err = errors.New("unexpected `}'")
	}
	return list, err
}

func (p *sedParser) skip(set string) {
	for p.i < len(p.s) && strings.IndexByte(set, p.s[p.i]) >= 0 {
		p.i++
	}
}

func (p *sedParser) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *sedParser) commands(depth int) ([]*sedCommand, error) {
	var list []*sedCommand
	if depth > 50 {
		return nil, errors.New("blocks too deep")
	}
	for {
		p.skip(" \t\n;")
		if p.i >= len(p.s) || p.peek() == '}' {
			return list, nil
		}
		if p.peek() == '#' {
			for p.i < len(p.s) && p.s[p.i] != '\n' {
				p.i++
			}
			continue
		}
		cmd, err := p.command(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, cmd)
	}
}

func (p *sedParser) command(depth int) (*sedCommand, error) {
	cmd := &sedCommand{nth: 1}
	var err error
	if cmd.from, err = p.address(); err != nil {
		return nil, err
	}
	if p.skip(" \t"); cmd.from != nil && p.peek() == ',' {
		p.i++
		p.skip(" \t")
		if cmd.to, err = p.address(); err != nil {
			return nil, err
		}
		if cmd.to == nil {
			return nil, errors.New("unexpected `,'")
		}
	}
	p.skip(" \t")
	if p.peek() == '!' {
		cmd.not = true
		p.i++
		p.skip(" \t")
	}
	cmd.name = p.peek()
	p.i++
	switch cmd.name {
	case 'd', 'p', 'q', '=':
	case '{':
		cmd.block, err = p.commands(depth + 1)
		if err == nil && p.peek() != '}' {
			err = errors.New("unmatched `{'")
		}
		p.i++
	case 'a', 'i', 'c':
		cmd.text = p.textArg()
	case 's':
		err = p.substitution(cmd)
	case 'y':
		err = p.transliteration(cmd)
	case 0:
		err = errors.New("missing command")
	default:
		err = fmt.Errorf("unknown command: `%c'", cmd.name)
	}
	return cmd, err
}

func (p *sedParser) address() (*sedAddress, error) {
	switch ch := p.peek(); {
	case ch == '$':
		p.i++
		return &sedAddress{last: true}, nil
	case ch >= '0' && ch <= '9':
		from := p.i
		p.skip("0123456789")
		n, err := strconv.Atoi(p.s[from:p.i])
		return &sedAddress{line: n}, err
	case ch == '/' || ch == '\\':
		if ch == '\\' {
			p.i++
		}
		delim := p.peek()
		p.i++
		text, err := p.until(delim)
		if err != nil {
			return nil, errors.New("unterminated address regex")
		}
		o := Options{seen: map[string]bool{}}
		if p.peek() == 'I' {
			p.i++
			o.seen["i"] = true
		}
		re, err := compile(text, p.kind, o)
		return &sedAddress{re: re}, err
	}
	return nil, nil
}

// until reads up to an unescaped delimiter; an escaped one loses its backslash.
func (p *sedParser) until(delim byte) (string, error) {
	var b strings.Builder
	inBracket := false
	for ; p.i < len(p.s); p.i++ {
		ch := p.s[p.i]
		switch {
		case ch == '\\' && p.i+1 < len(p.s):
			p.i++
			if p.s[p.i] != delim {
				b.WriteByte('\\')
			}
			b.WriteByte(p.s[p.i])
			continue
		case ch == '[' && !inBracket:
			inBracket = strings.IndexByte(p.s[p.i:], ']') > 0 && delim == '/'
		case ch == ']':
			inBracket = false
		}
		if ch == delim && !inBracket {
			p.i++
			return b.String(), nil
		}
		b.WriteByte(ch)
	}
	return "", errors.New("unterminated")
}

func (p *sedParser) textArg() string {
	p.skip(" \t")
	if strings.HasPrefix(p.s[min(p.i, len(p.s)):], "\\\n") {
		p.i += 2
	} else if p.peek() == '\\' {
		p.i++
		p.skip(" \t")
	}
	var b strings.Builder
	for ; p.i < len(p.s) && p.s[p.i] != '\n'; p.i++ {
		if p.s[p.i] == '\\' && p.i+1 < len(p.s) {
			p.i++
		}
		b.WriteByte(p.s[p.i])
	}
	return b.String()
}

func (p *sedParser) pair(name string) (a, b string, err error) {
	delim := p.peek()
	p.i++
	if delim == 0 || delim == '\n' || delim == '\\' {
		return "", "", fmt.Errorf("unterminated `%s' command", name)
	}
	if a, err = p.until(delim); err == nil {
		b, err = p.plain(delim)
	}
	if err != nil {
		err = fmt.Errorf("unterminated `%s' command", name)
	}
	return a, b, err
}

// plain reads a replacement: brackets mean nothing there.
func (p *sedParser) plain(delim byte) (string, error) {
	var b strings.Builder
	for ; p.i < len(p.s); p.i++ {
		switch ch := p.s[p.i]; {
		case ch == '\\' && p.i+1 < len(p.s):
			p.i++
			if p.s[p.i] != delim {
				b.WriteByte('\\')
			}
			b.WriteByte(p.s[p.i])
		case ch == delim:
			p.i++
			return b.String(), nil
		default:
			b.WriteByte(ch)
		}
	}
	return "", errors.New("unterminated")
}

func (p *sedParser) substitution(cmd *sedCommand) error {
	from, with, err := p.pair("s")
	if err != nil {
		return err
	}
	cmd.with = with
	o := Options{seen: map[string]bool{}}
flags:
	for ; p.i < len(p.s); p.i++ {
		switch ch := p.s[p.i]; {
		case ch == 'g':
			cmd.global = true
		case ch == 'p':
			cmd.print = true
		case ch == 'i' || ch == 'I':
			o.seen["i"] = true
		case ch >= '1' && ch <= '9':
			cmd.nth = int(ch - '0')
		case strings.IndexByte(" \t\n;}", ch) >= 0:
			break flags
		default:
			return errors.New("unknown option to `s'")
		}
	}
	cmd.re, err = compile(from, p.kind, o)
	return err
}

func (p *sedParser) transliteration(cmd *sedCommand) error {
	from, to, err := p.pair("y")
	if err == nil && len([]rune(from)) != len([]rune(to)) {
		err = errors.New("strings for `y' command are different lengths")
	}
	cmd.text, cmd.with = from, to
	return err
}
