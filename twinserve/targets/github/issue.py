"""An issue on GitHub for as long as there is something to say: opened, kept up to date, closed."""

from dataclasses import dataclass

from twinserve.targets.github.api import AUTHOR, api, search


@dataclass(frozen=True, slots=True)
class Issue:
    """The marks by which an issue is known.

    Attributes:
        marker: an HTML comment at its beginning: anyone may give an issue our label.
    """

    repository: str
    label: str
    marker: str

    def find(self) -> int | None:
        """The oldest open one of ours: two runs at once would otherwise each keep another.

        Raises:
            GitHubError: GitHub refuses.
        """
        ours = [
            int(issue["number"])
            for issue in search(f"repos/{self.repository}/issues", state="open", labels=self.label)
            if issue["user"]["login"] == AUTHOR
            and (issue["body"] or "").startswith(self.marker)
            and "pull_request" not in issue
        ]
        return min(ours, default=None)

    def say(self, title: str, text: str) -> str:
        """Open the issue, or bring it up to date; what became of it, in a line.

        Raises:
            GitHubError: GitHub refuses.
        """
        issues, number = f"repos/{self.repository}/issues", self.find()
        content = {"title": title, "body": f"{self.marker}\n{text}"}
        if number is None:
            made = api(issues, "POST", content | {"labels": [self.label]})
            return f"opened: {made['html_url']}"
        made = api(f"{issues}/{number}", "PATCH", content)
        return f"brought up to date: {made['html_url']}"

    def close(self, number: int, text: str) -> str:
        """Close it with a last word; what became of it, in a line.

        Raises:
            GitHubError: GitHub refuses.
        """
        issues = f"repos/{self.repository}/issues"
        api(f"{issues}/{number}/comments", "POST", {"body": text})
        closed = {"state": "closed", "state_reason": "completed"}
        api(f"{issues}/{number}", "PATCH", closed)
        return f"closed: issue {number}"
