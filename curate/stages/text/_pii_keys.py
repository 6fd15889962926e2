"""Find keys and passwords: tokens with a known prefix, private keys, and logins in URLs."""

from __future__ import annotations

import re

from curate.kernels import pii_candidates
from curate.stages.text._pii import Finder, Match

_TOKENS = (
    rb"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",  # AWS
    rb"AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,400}|GOCSPX-[A-Za-z0-9_-]{28}",  # Google
    rb"gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",  # GitHub
    rb"gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_-]{20,64}",  # GitLab
    rb"xox[abeoprs]-[A-Za-z0-9-]{10,250}|xapp-\d-[A-Za-z0-9-]{20,250}",  # Slack
    rb"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,250}|whsec_[A-Za-z0-9]{24,64}",  # Stripe
    rb"sk-(?:ant-|or-|proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,250}",  # OpenAI, Anthropic and similar
    rb"hf_[A-Za-z0-9]{30,40}",  # Hugging Face
    rb"npm_[A-Za-z0-9]{36}|pypi-AgE[A-Za-z0-9_-]{40,250}",  # package indexes
    rb"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",  # SendGrid
    rb"do[opr]_v1_[0-9a-f]{64}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|dapi[0-9a-f]{32}",  # DigitalOcean, Shopify, Databricks
    rb"(?<=\d:)AA[A-Za-z0-9_-]{33}",  # Telegram, the part after the bot number
    rb"eyJ[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{10,8000}\.[A-Za-z0-9_-]{20,1000}",  # JSON web token
)
_TOKEN = re.compile(rb"(?<![A-Za-z0-9_.-])(?:" + b"|".join(_TOKENS) + rb")(?![A-Za-z0-9_])")
_AWS_SECRET = re.compile(
    rb"(?<![A-Za-z0-9_.-])(?i:aws_secret_access_key)[\"']?\s{0,4}(?:=>|[:=])\s{0,4}[\"']?(?P<it>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
)
_LOGIN = re.compile(rb"(?<=://)[^\s:/@\"'<>`]{1,100}:[^\s/@\"'<>`]{1,150}(?=@[A-Za-z0-9\[\xc3-\xed])")
_ARMOUR = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]{2,10} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----)){40,20000}"
    rb"-----END (?:[A-Z0-9]{2,10} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
)
_PLACEHOLDERS = (b"password", b"pass", b"pwd", b"passwd", b"secret", b"token", b"pw", b"port", b"key")


def _is_random(match: Match) -> bool:
    """Tell a key from a placeholder (`sk-your-key-goes-here`, xxxx): a key has digits, or letters of both cases."""
    text = match[match.lastgroup or 0]
    tail = text[7:]
    if len(set(tail)) < 8:
        return False
    return any(48 <= c < 58 for c in tail) or (not tail.islower() and not tail.isupper() and text[:3] != b"sk-")


def _is_login(match: Match) -> bool:
    """Tell a login from a placeholder: `user:password@`, `{user}:{password}@`, `$USER:$PASS@`."""
    _, _, password = match.group().partition(b":")
    bare = password.strip(b"[]{}()<>$%*.").lower()
    return (
        bare not in _PLACEHOLDERS
        and not password.startswith((b"$", b"{", b"[", b"%", b"<", b"*"))
        and len(set(bare)) > 1
    )


FINDERS = (
    Finder("key", pii_candidates.WORD, _TOKEN, _is_random),
    Finder("key", pii_candidates.WORD, _AWS_SECRET, _is_random, reach=64),
    Finder("key", pii_candidates.LOGIN, _LOGIN, _is_login),
    Finder("key", pii_candidates.ARMOUR, _ARMOUR),
)
