package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"matou/steps"
	"matou/steps/action"
	"matou/tui/i18n"
)

// printKinds prints what kinds do and take; with no names, all of them. A name may be that of a family:
// "server".
func printKinds(out io.Writer, names []string, text i18n.Texts) error {
	kinds := action.Kinds()
	all := slices.Sorted(maps.Keys(kinds))
	list := all
	if len(names) > 0 {
		list = nil
		for _, name := range names {
			found := slices.DeleteFunc(slices.Clone(all), func(k string) bool { return k != name && !strings.HasPrefix(k, name+".") })
			if len(found) == 0 {
				near := ""
				if likely := steps.Nearest(name, all); likely != nil {
					near = ": did you mean " + strings.Join(likely, ", ") + "?"
				}
				return usagef("no kind %q%s", name, near)
			}
			list = append(list, found...)
		}
	}
	for i, name := range list {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "%s\n    %s\n", name, text.T("cli.kind."+name))
		printFields(out, kinds[name], text)
	}
	return nil
}

// printFields prints the fields of a kind, those that it needs first, and its results.
func printFields(out io.Writer, k steps.Schema, text i18n.Texts) {
	fields := slices.SortedFunc(maps.Keys(k.Fields), func(a, b string) int {
		if k.Fields[a].Required != k.Fields[b].Required {
			if k.Fields[a].Required {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	for _, name := range fields {
		need := "cli.workshop.optional"
		if k.Fields[name].Required {
			need = "cli.workshop.required"
		}
		fmt.Fprintf(out, "      %-16s %-9s %s\n", name, k.Fields[name].Type, text.T(need))
	}
	if len(k.Results) > 0 {
		fmt.Fprintf(out, "      → %s\n", strings.Join(k.Results, ", "))
	}
}
