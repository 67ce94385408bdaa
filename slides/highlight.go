package slides

import (
	"strings"
	"sync"

	"github.com/alecthomas/chroma/v2"
)

// highlightMax is the size in bytes from which a code block is left plain.
const highlightMax = 64 << 10

// A role is what a token is in its language, as far as themes care.
type role uint8

const (
	roleText role = iota
	roleKeyword
	roleFunction
	roleVariable
	roleString
	roleNumber
	roleComment
	roleOperator
)

// style returns the theme's style for the role.
func (r role) style(t *Theme) Style {
	switch r {
	case roleKeyword:
		return t.Keyword
	case roleFunction:
		return t.Function
	case roleVariable:
		return t.Variable
	case roleString:
		return t.String
	case roleNumber:
		return t.Number
	case roleComment:
		return t.Comment
	case roleOperator:
		return t.Operator
	}
	return Style{}
}

// A token is a piece of a code line.
type token struct {
	text string
	role role
}

// A painter colours one code block, on the first use.
type painter struct {
	once  sync.Once
	lines [][]token
}

// tokens returns the tokens of each line of the block, or nil if its language
// is not known.
func (p *painter) tokens(b *Block) [][]token {
	p.once.Do(func() { p.lines = tokenize(b) })
	return p.lines
}

// tokenize runs the block's lexer. Should the lexer fail or lose a character,
// the block stays plain: the text matters more than its colours.
func tokenize(b *Block) [][]token {
	lexer := lexerFor(b.Lang)
	if lexer == nil {
		return nil
	}
	var src strings.Builder
	for _, l := range b.Lines {
		src.WriteString(strings.TrimRight(l.Text, " "))
		src.WriteByte('\n')
	}
	if src.Len() > highlightMax {
		return nil
	}
	stream, err := chroma.Tokenise(lexer, &chroma.TokeniseOptions{State: "root"}, src.String())
	if err != nil {
		return nil
	}
	out := [][]token{nil}
	var back strings.Builder
	for _, t := range stream {
		r := roleOf(t.Type)
		back.WriteString(t.Value)
		for n, text := range strings.Split(t.Value, "\n") {
			if n > 0 {
				out = append(out, nil)
			}
			if text != "" {
				last := len(out) - 1
				out[last] = append(out[last], token{text, r})
			}
		}
	}
	if back.String() != src.String() || len(out) != len(b.Lines)+1 {
		return nil
	}
	return out[:len(b.Lines)]
}

// roleOf maps chroma's token types to roles.
func roleOf(t chroma.TokenType) role {
	switch {
	case t.InCategory(chroma.Comment):
		return roleComment
	case t.InCategory(chroma.Keyword):
		return roleKeyword
	case t.InSubCategory(chroma.LiteralString):
		return roleString
	case t.InSubCategory(chroma.LiteralNumber):
		return roleNumber
	case t == chroma.Operator:
		return roleOperator
	case t == chroma.NameFunction, t == chroma.NameClass:
		return roleFunction
	case t == chroma.NameVariable, t == chroma.NameAttribute, t == chroma.NameTag:
		return roleVariable
	}
	return roleText
}
