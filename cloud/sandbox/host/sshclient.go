package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"matou/cloud/sandbox/host/tree"
)

// sshCommand is the command line of ssh(1).
type sshCommand struct {
	p        *Process
	user     string
	host     string
	port     string
	identity string
	line     string
	options  map[string]string
	terminal bool // -t
	no       bool // -T
}

var errHostKey = errors.New("Host key verification failed.") //nolint:staticcheck // ssh's words

// sshProgram is ssh(1) over the virtual network: a shell or a command on another host.
func sshProgram(ctx context.Context, p *Process) int {
	s := &sshCommand{p: p, user: p.User, port: "22", options: map[string]string{}}
	if code := s.parse(p.Args[1:]); code != 0 {
		return code
	}
	client, err := s.connect(ctx)
	if err != nil {
		fmt.Fprintln(p.Stderr, err)
		return 255
	}
	defer client.Close()
	stop := context.AfterFunc(ctx, func() { client.Close() })
	defer stop()
	return s.run(client)
}

func (s *sshCommand) parse(args []string) int {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		a := args[0]
		args = args[1:]
		if len(a) < 2 || !strings.Contains("pliobLRDFJcmEe", a[1:2]) {
			s.terminal = s.terminal || strings.Contains(a, "t")
			s.no = s.no || strings.Contains(a, "T")
			continue
		}
		value := a[2:]
		if value == "" {
			if len(args) == 0 {
				fmt.Fprintf(s.p.Stderr, "option requires an argument -- %s\n", a[1:])
				return 255
			}
			value, args = args[0], args[1:]
		}
		switch a[1] {
		case 'p':
			s.port = value
		case 'l':
			s.user = value
		case 'i':
			s.identity = value
		case 'o':
			k, v, _ := strings.Cut(strings.ReplaceAll(value, " ", "="), "=")
			s.options[strings.ToLower(k)] = v
		default:
			fmt.Fprintf(s.p.Stderr, "ssh: option -%c is not supported here\n", a[1])
			return 255
		}
	}
	if len(args) == 0 {
		fmt.Fprintln(s.p.Stderr, "usage: ssh [-t] [-i identity_file] [-l login_name] [-o option] [-p port] destination [command]")
		return 255
	}
	s.host = strings.TrimPrefix(args[0], "ssh://")
	if user, h, ok := strings.Cut(s.host, "@"); ok {
		s.user, s.host = user, h
	}
	// Options may follow the destination too.
	rest := args[1:]
	if len(rest) > 1 && (rest[0] == "-p" || rest[0] == "-l" || rest[0] == "-o" || rest[0] == "-i") {
		sub := append(append([]string{}, rest[:2]...), args[0])
		rest = rest[2:]
		return s.parse(append(sub, rest...))
	}
	s.line = strings.Join(rest, " ")
	return 0
}

func (s *sshCommand) connect(ctx context.Context) (*ssh.Client, error) {
	at := net.JoinHostPort(s.host, s.port)
	dial, cancel := context.WithTimeout(ctx, handshakeLimit)
	defer cancel()
	conn, err := s.p.Host.Dial(dial, at)
	if err != nil {
		var dns *net.DNSError
		if errors.As(err, &dns) {
			return nil, fmt.Errorf("ssh: Could not resolve hostname %s: Name or service not known", s.host)
		}
		reason := err.Error()
		var op *net.OpError
		if errors.As(err, &op) {
			reason = op.Err.Error()
			reason = strings.ToUpper(reason[:1]) + reason[1:]
		}
		return nil, fmt.Errorf("ssh: connect to host %s port %s: %s", s.host, s.port, reason)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	var keyErr error
	config := &ssh.ClientConfig{
		User:              s.user,
		Auth:              s.methods(ctx),
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519},
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			keyErr = s.checkKey(ctx, key)
			return keyErr
		},
	}
	c, channels, requests, err := ssh.NewClientConn(conn, at, config)
	switch {
	case keyErr != nil:
		conn.Close()
		return nil, keyErr
	case err != nil && strings.Contains(err.Error(), "unable to authenticate"):
		conn.Close()
		return nil, fmt.Errorf("%s@%s: Permission denied (publickey,password).", s.user, s.host) //nolint:staticcheck // ssh's words
	case err != nil:
		conn.Close()
		return nil, fmt.Errorf("kex_exchange_identification: Connection closed by remote host")
	}
	return ssh.NewClient(c, channels, requests), nil
}

// methods are the ways to log in: keys of the user, then the password when there is a terminal.
func (s *sshCommand) methods(ctx context.Context) []ssh.AuthMethod {
	var signers []ssh.Signer
	files := []string{s.identity}
	if s.identity == "" {
		home := s.p.session.account.Home
		files = []string{path.Join(home, ".ssh/id_ed25519"), path.Join(home, ".ssh/id_rsa")}
	}
	for _, f := range files {
		if data, err := s.p.FS.ReadFile(tree.Clean(s.p.Dir, f)); err == nil {
			if k, err := ssh.ParsePrivateKey(data); err == nil {
				signers = append(signers, k)
			}
		}
	}
	var list []ssh.AuthMethod
	if len(signers) > 0 {
		list = append(list, ssh.PublicKeys(signers...))
	}
	if s.p.TTY != nil && !strings.EqualFold(s.options["batchmode"], "yes") {
		tries := 0
		list = append(list, ssh.RetryableAuthMethod(ssh.PasswordCallback(func() (string, error) {
			if tries++; tries > 1 {
				_, _ = io.WriteString(s.p.Stdout, "Permission denied, please try again.\n")
			}
			return s.p.TTY.Ask(ctx, fmt.Sprintf("%s@%s's password: ", s.user, s.host), true)
		}), 3))
	}
	return list
}

// knownName is how a host is named in known_hosts.
func (s *sshCommand) knownName() string {
	if s.port == "22" {
		return s.host
	}
	return "[" + s.host + "]:" + s.port
}

func (s *sshCommand) checkKey(ctx context.Context, key ssh.PublicKey) error {
	home := s.p.session.account.Home
	file := home + "/.ssh/known_hosts"
	if f, ok := s.options["userknownhostsfile"]; ok {
		file = tree.Clean(s.p.Dir, f)
	}
	data, _ := s.p.FS.ReadFile(file) // none yet: no host is known
	line := s.knownName() + " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
	known := false
	for l := range strings.Lines(string(data)) {
		if l = strings.TrimSpace(l); strings.HasPrefix(l, s.knownName()+" ") {
			if l == line {
				return nil
			}
			known = true
		}
	}
	strict := strings.ToLower(s.options["stricthostkeychecking"])
	finger := ssh.FingerprintSHA256(key)
	switch {
	case known && strict != "no" && strict != "off":
		bar := strings.Repeat("@", 59)
		return fmt.Errorf("%s\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n%s\n"+
			"The fingerprint for the ED25519 key sent by the remote host is\n%s.\nAdd correct host key in %s to get rid of this message.\n%w",
			bar, bar, finger, file, errHostKey)
	case known:
		return nil
	case strict == "no" || strict == "off" || strict == "accept-new":
	case s.p.TTY == nil || strict == "yes" || strings.EqualFold(s.options["batchmode"], "yes"):
		return errHostKey
	default:
		question := fmt.Sprintf("The authenticity of host '%s' can't be established.\r\nED25519 key fingerprint is %s.\r\n"+
			"Are you sure you want to continue connecting (yes/no)? ", s.knownName(), finger)
		answer, err := s.p.TTY.Ask(ctx, question, false)
		if err != nil || answer != "yes" {
			return errHostKey
		}
	}
	fmt.Fprintf(s.p.Stderr, "Warning: Permanently added '%s' (ED25519) to the list of known hosts.\n", s.knownName())
	if file == "/dev/null" {
		return nil
	}
	if err := errors.Join(s.p.FS.MkdirAll(path.Dir(file), 0o700), s.p.FS.AppendFile(file, []byte(line+"\n"), 0o600)); err != nil {
		fmt.Fprintf(s.p.Stderr, "Failed to add the host to the list of known hosts (%s).\n", file)
	}
	return nil
}

func (s *sshCommand) run(client *ssh.Client) int {
	sess, err := client.NewSession()
	if err != nil {
		fmt.Fprintln(s.p.Stderr, err)
		return 255
	}
	defer sess.Close()
	tty := s.p.TTY
	if (s.line == "" || s.terminal) && tty != nil && !s.no {
		return s.onTerminal(sess)
	}
	sess.Stdout, sess.Stderr = s.p.Stdout, s.p.Stderr
	in, err := sess.StdinPipe()
	if err != nil {
		return 255
	}
	var feed sync.WaitGroup
	if s.p.Stdin == nil {
		in.Close()
	} else {
		feed.Go(func() {
			_, _ = io.Copy(in, s.p.Stdin) // until either end goes
			in.Close()
		})
	}
	if s.line == "" {
		err = sess.Shell()
	} else {
		err = sess.Start(s.line)
	}
	if err == nil {
		err = sess.Wait()
	}
	// A reader of the terminal's pipe is unblocked by a deadline where the system has them.
	if f, ok := s.p.Stdin.(*os.File); ok {
		_ = f.SetReadDeadline(time.Now())
		feed.Wait()
		_ = f.SetReadDeadline(time.Time{})
	}
	return s.status(err)
}

func (s *sshCommand) onTerminal(sess *ssh.Session) int {
	tty := s.p.TTY
	cols, rows := tty.Size()
	name := tty.term
	if name == "" {
		name = "xterm"
	}
	if err := sess.RequestPty(name, rows, cols, ssh.TerminalModes{}); err != nil {
		fmt.Fprintln(s.p.Stderr, err)
		return 255
	}
	done := make(chan struct{})
	in, restore := tty.Raw(done)
	tty.OnResize(func(cols, rows int) { _ = sess.WindowChange(rows, cols) })
	sess.Stdout, sess.Stderr = tty.out, tty.out
	w, err := sess.StdinPipe()
	if err == nil {
		if s.line == "" {
			err = sess.Shell()
		} else {
			err = sess.Start(s.line)
		}
	}
	var feed sync.WaitGroup
	if err == nil {
		feed.Go(func() { _, _ = io.Copy(w, in) })
		err = sess.Wait()
	}
	close(done)
	feed.Wait()
	restore()
	code := s.status(err)
	if code != 255 {
		fmt.Fprintf(s.p.Stderr, "Connection to %s closed.\n", s.host)
	}
	return code
}

func (s *sshCommand) status(err error) int {
	var exit *ssh.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitStatus()
	}
	fmt.Fprintf(s.p.Stderr, "client_loop: send disconnect: Broken pipe\n")
	return 255
}

// sshKeygen is ssh-keygen -lf FILE and -R HOST.
func sshKeygen(_ context.Context, p *Process) int {
	o, ok := p.Parse("l f: R: E: t: N: q F: v")
	if !ok {
		return 1
	}
	switch {
	case o.Has("l"):
		data, err := p.FS.ReadFile(tree.Clean(p.Dir, o.Value("f")))
		if err != nil {
			fmt.Fprintf(p.Stderr, "ssh-keygen: %s: No such file or directory\n", o.Value("f"))
			return 255
		}
		key, comment, _, _, err := ssh.ParseAuthorizedKey(data)
		if err != nil {
			fmt.Fprintf(p.Stderr, "%s is not a public key file.\n", o.Value("f"))
			return 255
		}
		p.printf("256 %s %s (%s)\n", ssh.FingerprintSHA256(key), comment, strings.ToUpper(strings.TrimPrefix(key.Type(), "ssh-")))
		return 0
	case o.Has("R"):
		file := p.session.account.Home + "/.ssh/known_hosts"
		data, err := p.FS.ReadFile(file)
		if err != nil {
			fmt.Fprintf(p.Stderr, "Cannot stat %s: No such file or directory\n", file)
			return 255
		}
		var keep strings.Builder
		for l := range strings.Lines(string(data)) {
			if !strings.HasPrefix(l, o.Value("R")+" ") {
				keep.WriteString(l)
			}
		}
		if err := p.FS.WriteFile(file, []byte(keep.String()), 0o600); err != nil {
			return p.Fail(255, "%v", err)
		}
		p.printf("%s updated.\n", file)
		return 0
	}
	return p.Fail(1, "only -l -f FILE and -R HOST work here")
}

func who(_ context.Context, p *Process) int {
	for _, q := range p.Host.processes() {
		if q.name() == "-bash" {
			p.printf("%-8s %-12s %s\n", q.user, q.tty, q.started.Format("2006-01-02 15:04"))
		}
	}
	return 0
}

func ttyProgram(_ context.Context, p *Process) int {
	if p.TTY == nil {
		p.printf("not a tty\n")
		return 1
	}
	p.printf("/dev/%s\n", p.TTY.name)
	return 0
}

func stty(_ context.Context, p *Process) int {
	if p.TTY == nil {
		return p.Fail(1, "'standard input': Inappropriate ioctl for device")
	}
	if len(p.Args) > 1 && p.Args[1] == "size" {
		cols, rows := p.TTY.Size()
		p.printf("%d %d\n", rows, cols)
	}
	return 0
}
