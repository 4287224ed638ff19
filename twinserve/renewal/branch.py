"""The branch that a renewal writes: one of each kind, made anew, a person's commits never lost."""

from dataclasses import dataclass

from twinserve.config.errors import UserError
from twinserve.delivery.worktree import uninterrupted
from twinserve.targets.git import Checkout

PREFIX = "renew/"
# In each commit of ours: what has none is a person's.
TRAILER = "Renewed-by: twinserve renew"


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of the user's own repository.

    Attributes:
        own: the checkout.
        kind: of the renewal: packages, python, tools, data.
    """

    own: Checkout
    kind: str

    @property
    def name(self) -> str:
        """The branch's name."""
        return f"{PREFIX}{self.kind}"

    def check(self) -> None:
        """Refuse to write over what is not ours.

        Raises:
            UserError: the branch is checked out, or has a commit of a person's.
        """
        if self.own.run("symbolic-ref", "--short", "--quiet", "HEAD").out.strip() == self.name:
            raise UserError(
                f"{self.name} is checked out, and would be written anew: `git switch` to the "
                "branch that is to be renewed"
            )
        if person := self.commit_of_a_person(self.name):
            raise UserError(
                f"{self.name} has a commit of a person's ({person}): merge it, or rename it "
                f"(`git branch -m {self.name} NAME`), then renew"
            )

    def commit_of_a_person(self, ref: str) -> str | None:
        """The first commit of a branch that is neither in the history here nor ours."""
        if self.own.run("rev-parse", "--quiet", "--verify", ref).code:
            return None
        words = ("log", "--format=%h %s", "--invert-grep", f"--grep=^{TRAILER}$")
        foreign = self.own.ask(*words, f"HEAD..{ref}").splitlines()
        return foreign[0] if foreign else None

    def write(self, tree: Checkout, subject: str, text: str) -> str:
        """Commit what has changed in a worktree, and point the branch there; the commit.

        Raises:
            UserError: nothing has changed, or git refuses.
        """
        tree.ask("add", "--update")
        tree.ask("add", "--", "locks")
        message = f"{subject}\n\n{text.rstrip()}\n\n{TRAILER}"
        tree.ask("commit", "--quiet", "--cleanup=whitespace", "--message", message)
        commit = tree.ask("rev-parse", "HEAD")
        with uninterrupted():
            self.own.ask("branch", "--force", self.name, commit)
        return commit
