package remote

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// knownHosts is the record of host keys: the file we write, files we read, and what could not be
// written.
type knownHosts struct {
	own  string
	read []string

	mu     sync.Mutex
	memory map[string][]ssh.PublicKey // by alias
	err    error
}

// maxKnownHosts bounds one known_hosts file, and maxKnownLine one line of it: x/crypto's reader
// gives the whole file up at a longer one.
const (
	maxKnownHosts = 16 << 20
	maxKnownLine  = 60 << 10
)

// record is what the files say, at one moment.
type record struct {
	db     *knownhosts.HostKeyDB
	memory map[string][]ssh.PublicKey
	names  map[string]string // cleaned copy -> the file it was made from
}

// load reads the files anew: they are small, and another program may have changed them. A line that
// cannot be read is passed over, as OpenSSH does, and must not hide the others.
func (k *knownHosts) load(more []string) (*record, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	rec := &record{memory: k.memory, names: map[string]string{}}
	var files []string
	for _, path := range slices.Concat([]string{k.own}, k.read, more) {
		if path == "" {
			continue
		}
		path = expandHome(path)
		data, err := readBounded(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			k.err = fmt.Errorf("read known hosts: %w", err)
			continue
		}
		if cleaned, changed := cleanKnownHosts(data); changed {
			temp, err := writeTemp(cleaned)
			if err != nil {
				return nil, fmt.Errorf("read known hosts %s: %w", path, err)
			}
			defer os.Remove(temp)
			rec.names[temp] = path
			path = temp
		}
		if _, err := knownhosts.NewDB(path); err != nil {
			k.err = fmt.Errorf("read known hosts: %w", err)
			continue
		}
		files = append(files, path)
	}
	db, err := knownhosts.NewDB(files...)
	if err != nil {
		return nil, fmt.Errorf("read known hosts: %w", err)
	}
	rec.db = db
	return rec, nil
}

func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxKnownHosts {
		return nil, fmt.Errorf("%s: larger than %d MiB", path, maxKnownHosts>>20)
	}
	if !info.Mode().IsRegular() {
		return nil, nil // /dev/null is how a person says "none"
	}
	return os.ReadFile(path)
}

// cleanKnownHosts empties the lines that x/crypto's parser would stop at, and keeps the number of
// each of the others.
func cleanKnownHosts(data []byte) (cleaned []byte, changed bool) {
	lines := bytes.Split(data, []byte("\n"))
	for i, line := range lines {
		line := bytes.Trim(line, " \t\r")
		if len(line) == 0 || line[0] == '#' {
			if len(line) != len(lines[i]) {
				lines[i], changed = nil, true
			}
			continue
		}
		if !goodKnownLine(line) {
			line = nil
		}
		if len(line) != len(lines[i]) {
			lines[i], changed = line, true
		}
	}
	return bytes.Join(lines, []byte("\n")), changed
}

func goodKnownLine(line []byte) bool {
	if len(line) > maxKnownLine || bytes.IndexByte(line, '\r') >= 0 {
		return false
	}
	if _, _, _, _, _, err := ssh.ParseKnownHosts(line); err != nil {
		return false
	}
	fields := bytes.Fields(line)
	if fields[0][0] == '@' {
		if marker := string(fields[0]); marker != "@cert-authority" && marker != "@revoked" {
			return false
		}
		fields = fields[1:]
	}
	if len(fields) < 3 {
		return false
	}
	key, err := ssh.ParsePublicKey(decodeBase64(fields[2]))
	if err != nil || key.Type() != string(fields[1]) {
		return false
	}
	for p := range strings.SplitSeq(string(fields[0]), ",") {
		p = strings.TrimPrefix(p, "!")
		if p == "" {
			return false
		}
		if p[0] == '[' {
			if _, _, err := net.SplitHostPort(p); err != nil {
				return false
			}
		}
	}
	return fields[0][0] != '|' || goodHash(string(fields[0]))
}

func writeTemp(data []byte) (string, error) {
	f, err := os.CreateTemp("", "matou-known-hosts-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// nowhere stands for the peer's address, which is not what keys are recorded under.
var nowhere = &net.TCPAddr{IP: net.IPv4zero}

// verdict is what the record says about a key shown under a name.
type verdict struct {
	err  error // nil: trusted; else one of the ErrHostKey sentinels
	cert bool
	want []xknownhosts.KnownKey
}

// check looks key up under name (host:port).
func (r *record) check(name string, key ssh.PublicKey) verdict {
	err := r.db.HostKeyCallback()(name, nowhere, key)
	cert, isCert := key.(*ssh.Certificate)
	if err == nil {
		return verdict{cert: isCert}
	}
	var revoked *xknownhosts.RevokedError
	if errors.As(err, &revoked) {
		return verdict{err: ErrHostKeyRevoked, want: []xknownhosts.KnownKey{revoked.Revoked}}
	}
	if isCert {
		if strings.HasSuffix(err.Error(), "revoked") { // CertChecker has no type for it
			return verdict{err: ErrHostKeyRevoked}
		}
		// Signed by nobody we know: then it counts as the plain key inside it.
		return r.check(name, cert.Key)
	}
	for _, k := range r.memory[name] {
		if bytes.Equal(k.Marshal(), key.Marshal()) {
			return verdict{}
		}
	}
	v := verdict{err: ErrHostKeyUnknown}
	var ke *xknownhosts.KeyError
	if errors.As(err, &ke) {
		v.want = ke.Want
	}
	for _, k := range r.memory[name] {
		v.want = append(v.want, xknownhosts.KnownKey{Key: k})
	}
	if len(v.want) > 0 {
		v.err = ErrHostKeyChanged
	}
	return v
}

// file undoes the renaming of cleaned copies.
func (r *record) file(name string) string {
	if orig, ok := r.names[name]; ok {
		return orig
	}
	return name
}

// algorithms puts the key types on record for the names first, so that a host is asked for the key
// we can check. Certificates are asked for only where an authority is on record: a server would
// otherwise show one that says nothing to us instead of its plain key.
func (r *record) algorithms(allowed []string, names ...string) []string {
	var first []string
	authority := false
	for _, name := range names {
		for _, k := range r.db.HostKeys(name) {
			authority = authority || k.Cert
			if !k.Cert {
				first = append(first, signatureAlgos(k.Type())...)
			}
		}
		for _, k := range r.memory[name] {
			first = append(first, signatureAlgos(k.Type())...)
		}
	}
	var out []string
	add := func(algos ...string) {
		for _, a := range algos {
			isCert := strings.Contains(a, "-cert-v01@")
			if slices.Contains(allowed, a) && !slices.Contains(out, a) && (!isCert || authority) {
				out = append(out, a)
			}
		}
	}
	if authority {
		for _, a := range allowed {
			if strings.Contains(a, "-cert-v01@") {
				add(a)
			}
		}
	}
	add(first...)
	add(ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521)
	add(ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
	add(allowed...)
	return out
}

// signatureAlgos are the algorithms a key of that type signs with (RFC 8332 for RSA).
func signatureAlgos(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSA}
	}
	return []string{keyType}
}

// add records key under name, in place of what we recorded there before when replace is set.
func (k *knownHosts) add(name string, key ssh.PublicKey, replace bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if cert, ok := key.(*ssh.Certificate); ok {
		key = cert.Key
	}
	var err error
	if k.own == "" {
		err = errors.New("no file to record host keys in")
	} else if replace {
		if err = k.forgetLocked(name); err == nil {
			err = appendLine(expandHome(k.own), knownhosts.Line([]string{name}, key))
		}
	} else {
		err = appendLine(expandHome(k.own), knownhosts.Line([]string{name}, key))
	}
	if err == nil {
		return
	}
	k.err = fmt.Errorf("record host key: %w", err)
	memory := make(map[string][]ssh.PublicKey, len(k.memory)+1) // records already loaded keep theirs
	for n, keys := range k.memory {
		memory[n] = keys
	}
	if replace {
		delete(memory, name)
	}
	memory[name] = append(slices.Clone(memory[name]), key)
	k.memory = memory
}

// appendLine adds a line to a file in one write, so that two programs can do it at once.
func appendLine(path, line string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	line += "\n"
	if info, err := f.Stat(); err == nil && info.Size() > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, info.Size()-1); err == nil && last[0] != '\n' {
			line = "\n" + line
		}
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Sync(), f.Close())
}

// forgetLocked takes the plain lines for name out of our file. The file is replaced in one step.
func (k *knownHosts) forgetLocked(name string) error {
	if k.own == "" {
		return nil
	}
	path := expandHome(k.own)
	data, err := readBounded(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	token := knownhosts.Normalize(name)
	var kept []byte
	for line := range bytes.Lines(data) {
		if fields := bytes.Fields(line); len(fields) > 0 && string(fields[0]) == token {
			continue
		}
		kept = append(kept, line...)
	}
	if len(kept) == len(data) {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".known-hosts-*") // made 0600
	if err != nil {
		return err
	}
	_, err = f.Write(kept)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// KnownHostsError says why a known_hosts file could not be read or written; nil when all is well.
// Keys accepted while the file cannot be written hold until the client is closed.
func (c *Client) KnownHostsError() error {
	c.known.mu.Lock()
	defer c.known.mu.Unlock()
	return c.known.err
}

// Forget drops the keys this program recorded for hop, reached via the hops before it: the server
// that had the address is gone, and the next one there is another. Files that are only read are not
// touched.
func (c *Client) Forget(hop Hop, via ...Hop) error {
	legs, err := c.resolve(append(slices.Clone(via), hop))
	if err != nil {
		return err
	}
	name := legs[len(legs)-1].alias
	c.known.mu.Lock()
	defer c.known.mu.Unlock()
	memory := make(map[string][]ssh.PublicKey, len(c.known.memory))
	for n, keys := range c.known.memory {
		if n != name {
			memory[n] = keys
		}
	}
	c.known.memory = memory
	if err := c.known.forgetLocked(name); err != nil {
		return hopError(hop, fmt.Errorf("forget host key: %w", err))
	}
	return nil
}
