package plain

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// maxLine is how much of a line counts, in bytes.
const maxLine = 4096

type line struct {
	text string
	eof  bool
}

// input reads lines, each only when it is wanted: a shell that is opened in between reads the
// terminal itself.
type input struct {
	from  io.Reader
	lines chan line
	want  chan struct{}
	ended chan struct{}
	asked bool // a line is on its way
}

func newInput(from io.Reader) *input {
	i := &input{from: from, lines: make(chan line, 1), want: make(chan struct{}, 1), ended: make(chan struct{})}
	go func() {
		defer close(i.ended)
		in := bufio.NewReaderSize(from, maxLine)
		for range i.want {
			text, err := readLine(in)
			i.lines <- line{text: text, eof: err != nil && text == ""}
		}
	}()
	return i
}

// ask wants the next line, if none is on its way.
func (i *input) ask() {
	if !i.asked {
		i.asked = true
		i.want <- struct{}{}
	}
}

// stop ends the goroutine and waits for it. Only a reader that can't be interrupted, and that nobody
// has answered, is left to the end of the process.
func (i *input) stop() {
	close(i.want)
	c, ok := i.from.(interface{ Cancel() bool })
	if !i.asked || (ok && c.Cancel()) {
		<-i.ended
	}
}

// readLine reads a line without its end; what is too long of it is left out.
func readLine(in *bufio.Reader) (string, error) {
	part, err := in.ReadSlice('\n')
	text := string(part)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = in.ReadSlice('\n')
	}
	return strings.TrimRight(text, "\r\n"), err
}
