package predict

import "testing"

// TestDeadLettersStayWithTheirPictures, in whatever order a runner brings them: a shard that
// was begun before leaves out what it has.
func TestDeadLettersStayWithTheirPictures(t *testing.T) {
	sorted := func(all ...line) []line {
		lines, err := ordered(func(to *[]byte) bool {
			if len(all) == 0 {
				return false
			}
			*to, all = numbered(all[0].number, all[0].text), all[1:]
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		return lines
	}
	answers := sorted(line{300, []byte("c")}, line{2, []byte("a")}, line{301, []byte("d")}, line{3, []byte("b")})
	got := ""
	for l := range together(answers, sorted(line{301, []byte("D")}, line{3, []byte("B")})) {
		got += string(l.Answer) + string(l.Dead) + " "
	}
	if got != "a bB c dD " {
		t.Errorf("got %q", got)
	}
}
