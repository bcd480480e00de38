package fail

import "testing"

func TestBad(t *testing.T) { t.Error("wrong") }
