// Package slides reads workshop decks and turns slides into styled terminal
// lines. It knows no terminal program: the caller gives a width and gets rows.
//
// A tour, in the order text travels:
//
//   - load.go cleans the bytes (tabs, CRLF, NUL, bad UTF-8, control characters)
//     into lines that are safe to show;
//   - classify.go says what each line is: list, code, quote, centred, heading,
//     rule. The format is that of mdp (https://github.com/visit1985/mdp), which
//     works line by line; comment.go and table.go add what ordinary Markdown
//     decks use (front matter, HTML comments as notes and pauses, pipe tables);
//   - parse.go splits the lines into slides and groups them into blocks;
//   - inline.go finds emphasis, underline, code and links inside a line;
//   - layout.go lays the blocks out for a width: text wraps on words
//     (wrap.go), art, tables and code keep their columns, and examples.go
//     says what on them is nobody's yet;
//   - row.go holds styled cells and writes them as SGR sequences (style.go,
//     theme.go); View.Window cuts a rectangle out of the result;
//   - highlight.go colours code with chroma's core and the small lexers of
//     lexers.go, which are made on first use;
//   - commands.go, search.go and lint.go read the same deck for other ends:
//     what can be run, what can be found, what will go wrong.
//
// A parsed Deck is never changed afterwards, so it may be shared by goroutines.
package slides
