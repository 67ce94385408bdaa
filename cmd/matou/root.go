package main

import (
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"matou/assets"
	"matou/steps"
	"matou/tui/i18n"
)

// options are the flags all commands share.
type options struct {
	cloud    string
	sandbox  bool
	seat     string
	workshop string
	lang     string
	faults   string
	state    string
	here     string
	pace     string
	set      map[string]string
	adopt    bool   // servers of the right name that were made by hand
	accept   bool   // unknown host keys, where nobody can be asked
	record   string // file to record the terminal in
}

const defaultSeat = "01"

func newRoot() *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use:   "matou",
		Short: "A hands-on cloud workshop in a terminal: slides, steps that prove themselves, and a cat",
		Long: `A hands-on cloud workshop in a terminal: slides, each command run from a keypress and proven before it
counts as done, live panes, and a cat. With no cloud, it plays in a sandbox inside the program. What was
done is kept: start it again, and it is where you were. In the console, ? shows the keys.

It ends with 0 when it worked, with 1 when something failed (what, why and what to do next are on standard
error), with 2 when the command line is wrong.

Environment: MATOU_SEAT, MATOU_PASSWORD (of the hops and the cloud, where nobody can be asked),
MATOU_KEEP_SESSION, MATOU_LAB_DIR; OS_* and clouds.yaml as the openstack command reads them; LC_ALL,
LC_MESSAGES, LANG for the language; NO_COLOR.`,
		Example: `# At the first slide, in the sandbox
matou
# On the jumphost, where the credentials are
matou --seat 07
# From your own machine, all the way
matou --cloud openrc --seat 07 --set jumphost.host=jump.example.org
# The day before a class, and in front of it
matou doctor --seats 20
matou --demo`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
	}
	f := root.PersistentFlags()
	f.StringVar(&o.cloud, "cloud", "", "account in clouds.yaml; \"openrc\": the one on the workshop's hop; \"sandbox\"; \"lab\"")
	f.BoolVar(&o.sandbox, "sandbox", false, "play in the embedded sandbox, whatever the environment says")
	f.StringVar(&o.seat, "seat", "", "your seat: lower-case letters, digits, dashes (default: MATOU_SEAT, or "+defaultSeat+")")
	f.StringVar(&o.workshop, "workshop", "web-cloud-puppet", "a workshop's name, or its folder")
	f.StringVar(&o.lang, "lang", "", "language: "+strings.Join(languages(), " or ")+" (default: the locale's)")
	f.StringVar(&o.faults, "faults", "", "file with what is to go wrong in the sandbox: see matou sandbox --help")
	f.StringVar(&o.state, "state", "", "folder for progress and the sandbox's world (default: matou in the XDG state folder)")
	f.StringVar(&o.here, "here", "", "hop of the workshop this program runs on, when it can't find out")
	f.StringVar(&o.pace, "pace", "fast", "the sandbox's pace: recorded, fast, instant, or a factor of the recorded time")
	f.StringToStringVar(&o.set, "set", nil, "parameter of the workshop: name=value, more with commas")
	f.BoolVar(&o.accept, "accept-new-host-keys", false, "where nobody can be asked: trust a host key seen for the first time")
	root.AddCommand(
		newPlay(o), newReplay(o), newCheck(o), newStatus(o), newServers(o), newClean(o), newDoctor(o),
		newSandbox(o), newLab(o), newWorkshop(o), newDeck(o), newNotes(o), newExport(o), newVersion(),
	)
	addConsole(root, o)
	plainUsage(root)
	completions(root, o)
	return root
}

// seatName is the seat, checked: it becomes part of paths, host names and metadata.
func (o *options) seatName() (string, error) {
	seat := o.seat
	if seat == "" {
		seat = os.Getenv("MATOU_SEAT")
	}
	if seat == "" {
		return defaultSeat, nil
	}
	if !steps.ValidName(seat) {
		return "", usagef("seat %q: only lower-case letters, digits and dashes, 32 at most, not beginning with a dash", seat)
	}
	return seat, nil
}

// language is the one asked for, else the locale's, else English.
func (o *options) language() string {
	if o.lang != "" {
		return o.lang
	}
	lang, _, _ := strings.Cut(locale(), "_")
	if lang == "fr" {
		return "fr"
	}
	return "en"
}

// locale is what POSIX says decides about messages, in its order.
func locale() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	return ""
}

// utf8Locale tells whether the terminal shows UTF-8, as far as the locale says. Windows has no such
// variable, and shows it.
func utf8Locale() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(os.Getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return os.PathSeparator == '\\' || os.Getenv("TERM_PROGRAM") == "Apple_Terminal"
}

// texts are the words of the interface.
func (o *options) texts() (*i18n.Catalog, i18n.Texts, error) {
	all, err := i18n.Load(assets.I18n())
	if err != nil {
		return nil, i18n.Texts{}, err
	}
	if lang := o.lang; lang != "" && !slices.Contains(all.Langs(), lang) {
		return nil, i18n.Texts{}, usagef("no language %q: there is %s", lang, strings.Join(all.Langs(), ", "))
	}
	return all, all.In(o.language()), nil
}
