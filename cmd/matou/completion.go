package main

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"matou/assets"
	"matou/steps"
	"matou/steps/action"
)

// completions teaches the shell what may stand behind flags and commands: the steps and parameters of
// the workshop that is named, the themes there are. What cannot be read completes to nothing: a shell
// has nowhere to say why.
func completions(root *cobra.Command, o *options) {
	flags := map[string]func() []string{
		"step": o.stepIDs, "from": o.stepIDs, "until": o.stepIDs,
		"set":   o.paramNames,
		"here":  o.hopNames,
		"theme": themeNames, "lang": languages, "columns": columnNames,
		"cloud":  func() []string { return []string{accountOpenRC, accountSandbox, accountLab} },
		"pace":   func() []string { return []string{"recorded", "fast", "instant"} },
		"format": func() []string { return []string{"md", "cast"} },
		"typing": func() []string { return []string{"off", "20ms", "40ms"} },
	}
	files := map[string]string{"faults": "yaml", "deck": "md", "record": "cast"}
	args := map[string]func() []string{
		"replay": o.stepIDs, "check": o.stepIDs, "kinds": func() []string { return slices.Sorted(maps.Keys(action.Kinds())) },
	}
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		teach := func(f *pflag.Flag) {
			var answer cobra.CompletionFunc
			if values := flags[f.Name]; values != nil {
				answer = from(values)
			} else if ext, ok := files[f.Name]; ok {
				answer = cobra.FixedCompletions([]string{ext}, cobra.ShellCompDirectiveFilterFileExt)
			} else if f.Name == "state" || f.Name == "dir" {
				answer = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
			}
			if _, known := c.GetFlagCompletionFunc(f.Name); answer != nil && !known {
				_ = c.RegisterFlagCompletionFunc(f.Name, answer) // only a flag that is not there can fail
			}
		}
		c.Flags().VisitAll(teach)
		c.PersistentFlags().VisitAll(teach)
		switch under := c.Parent(); {
		case under != nil && under.Name() == "deck":
			c.ValidArgsFunction = cobra.FixedCompletions([]string{"md"}, cobra.ShellCompDirectiveFilterFileExt)
		case under != nil && under.Name() == "workshop" && c.Name() != "kinds":
			c.ValidArgsFunction = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
		case args[c.Name()] != nil:
			c.ValidArgsFunction = from(args[c.Name()])
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(root)
}

// from completes to values, and to no files.
func from(values func() []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		directive := cobra.ShellCompDirectiveNoFileComp
		var out []cobra.Completion
		for _, v := range values() {
			if strings.HasSuffix(v, "=") {
				directive |= cobra.ShellCompDirectiveNoSpace
			}
			if strings.HasPrefix(v, begun) {
				out = append(out, v)
			}
		}
		return out, directive
	}
}

// ofWorkshop lists what a workshop has; nothing of one that cannot be read.
func (o *options) ofWorkshop(list func(*steps.Workshop) []string) []string {
	w, err := loadWorkshop(o.workshop)
	if err != nil {
		return nil
	}
	return list(w)
}

func (o *options) stepIDs() []string {
	return o.ofWorkshop(func(w *steps.Workshop) (ids []string) {
		for _, s := range w.Steps {
			ids = append(ids, string(s.ID)+"\t"+s.Title.In(o.language()))
		}
		return ids
	})
}

func (o *options) paramNames() []string {
	return o.ofWorkshop(func(w *steps.Workshop) (names []string) {
		for _, p := range w.Params {
			names = append(names, p.Name+"=")
		}
		return names
	})
}

func (o *options) hopNames() []string {
	return append([]string{"none"}, o.ofWorkshop(func(w *steps.Workshop) (names []string) {
		for _, h := range w.Hops {
			names = append(names, h.Name)
		}
		return names
	})...)
}

func themeNames() []string { return named(assets.Themes()) }
func languages() []string  { return named(assets.I18n()) }

// named lists the files of a folder, without what tells their format.
func named(fsys fs.FS) []string {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), path.Ext(e.Name())))
	}
	return names
}
