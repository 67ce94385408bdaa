package slides_test

import (
	"fmt"

	"matou/slides"
)

func Example() {
	deck := slides.Parse("phare.md", []byte("-> # Le phare\n\n> ssh -l gardien *adresse_ip*\n\n---\n\n* fin\n"))
	address := func(name string) (string, bool) { return "10.0.0.7", name == "adresse_ip" }
	for _, s := range deck.Slides {
		view := s.Render(deck, slides.Options{Width: 26, Stop: -1, Substitute: address})
		fmt.Printf("%d/%d\n", s.Number, len(deck.Slides))
		for _, line := range view.Lines {
			fmt.Println(line)
		}
		for _, c := range s.Commands() {
			fmt.Printf("runs %q\n", c.Fill(address))
		}
	}
	// Output:
	// 1/2
	//          Le phare
	//
	// ▌ ssh -l gardien 10.0.0.7
	// runs "ssh -l gardien 10.0.0.7"
	// 2/2
	//  • fin
}
