package child

import (
	"os"
	"os/exec"
	"testing"
)

func TestLeaksAChild(t *testing.T) {
	child := exec.Command("sleep", "300")
	child.Stdout = os.Stdout
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
}
