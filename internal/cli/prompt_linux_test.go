package cli_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"unsafe"

	"github.com/rogpeppe/go-internal/testscript"
)

func init() { commands["prompt"], commands["reply"] = prompt, reply }

// prompt PROGRAM ARGS: starts a program at a terminal, and waits until it asks. It
// writes to the files prompt.out and prompt.err.
func prompt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: prompt PROGRAM ARGS")
	}
	ctrl, tty := terminalPair(ts)
	defer tty.Close()
	cmd := exec.Command(filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], args[0]), args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdin = ts.MkAbs("."), environment(ts), tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	out, err := os.Create(ts.MkAbs("prompt.out"))
	ts.Check(err)
	defer out.Close()
	complaint, err := os.Create(ts.MkAbs("prompt.err"))
	ts.Check(err)
	defer complaint.Close()
	cmd.Stdout, cmd.Stderr = out, complaint
	ts.Check(cmd.Start())
	r := twinOf(ts)
	r.asked = &prompted{cmd, ctrl}
	ts.Defer(func() {
		if r.asked != nil { // nobody replied
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	await(ts, false, []string{"prompt.err", "Only `yes` is taken: "})
}

// reply CODE TEXT: types an answer, ^C for Ctrl-C; the program must exit with CODE.
func reply(ts *testscript.TestScript, neg bool, args []string) {
	r := twinOf(ts)
	if neg || len(args) != 2 || r.asked == nil {
		ts.Fatalf("usage: reply CODE TEXT, after prompt")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	text := args[1] + "\n"
	if args[1] == "^C" {
		text = "\x03"
	}
	_, err = r.asked.ctrl.WriteString(text)
	ts.Check(err)
	err = r.asked.cmd.Wait()
	ts.Logf("%s%s", ts.ReadFile("prompt.out"), ts.ReadFile("prompt.err"))
	ts.Check(r.asked.ctrl.Close())
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		ts.Check(err)
	}
	if got := r.asked.cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	r.asked = nil
}

// terminalPair opens a terminal, and the end at which a person would sit (pty(7)).
func terminalPair(ts *testscript.TestScript) (ctrl, tty *os.File) {
	ctrl, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	ts.Check(err)
	var number, locked int32
	for request, at := range map[uintptr]*int32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &locked} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, ctrl.Fd(), request, uintptr(unsafe.Pointer(at))); errno != 0 {
			ts.Fatalf("/dev/ptmx: %v", errno)
		}
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	ts.Check(err)
	return ctrl, tty
}
