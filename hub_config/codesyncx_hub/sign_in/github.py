"""Signing in with a GitHub account."""

from __future__ import annotations

from typing import Any

from oauthenticator.github import GitHubOAuthenticator
from traitlets import default

from .oauth_way import OAuthWay

_ADDRESSES = "codesyncx_addresses"


class GitHub(OAuthWay, GitHubOAuthenticator):
    """GitHub, or a GitHub Enterprise Server (`github_url`)."""

    @default("way")
    def _default_way(self) -> str:
        return "github"

    @default("scope")
    def _default_scope(self) -> list[str]:
        return ["read:user", "user:email", *(["read:org"] if self.allowed_organizations else [])]

    @default("avatar_hosts")
    def _default_hosts(self) -> set[str]:
        return {"avatars.githubusercontent.com"}

    async def token_to_user(self, token_info: dict[str, Any]) -> dict[str, Any]:
        """Ask who it is, and which of their addresses GitHub has checked."""
        person: dict[str, Any] = await super().token_to_user(token_info)
        person[_ADDRESSES] = await self._fetch("/user/emails", token_info)
        return person

    def subject_and_claims(self, user_info: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Give the number of the account: its name can be changed, and is then somebody else's."""
        addresses = [
            each["email"]
            for each in user_info[_ADDRESSES]
            if each["primary"] is True and each["verified"] is True
        ]
        claims = {
            "name": user_info.get("name"),
            "preferred_username": user_info["login"],
            "picture": user_info.get("avatar_url"),
            "email": addresses[0] if addresses else None,
            "email_verified": bool(addresses),
        }
        return str(user_info["id"]), claims

    async def _check_membership_allowed_organizations(
        self, org_team: str, username: str, access_token: str, token_type: str
    ) -> bool:
        """Ask for the account's name, which GitHub wants here, instead of the name in the Hub."""
        tokens = {"access_token": access_token, "token_type": token_type}
        login = (await self._fetch("/user", tokens))["login"]
        self.log.debug("Is %s, here %s, a member of %s?", login, username, org_team)
        is_member = await super()._check_membership_allowed_organizations(
            org_team, login, access_token, token_type
        )
        return bool(is_member)

    async def _fetch(self, path: str, tokens: dict[str, Any]) -> Any:
        return await self.httpfetch(
            f"{self.github_api}{path}",
            f"fetching {path}",
            headers=self.build_userdata_request_headers(
                tokens["access_token"], tokens["token_type"]
            ),
            validate_cert=self.validate_server_cert,
        )
