"""Secrets at rest. A master key wraps the state's data key, and the data key seals each secret.

What lives where: `sealing.py` seals, `keys.py` wraps, `table.py` keeps what is wrapped in the state,
`sources.py` knows where master keys lie, `opening.py` puts these together, `rekeying.py` makes all keys anew.

What holds, whoever dies where: a master key is durable before anything that it wraps; a secret is only
written under the data key that the state has at that moment (`table.check_current`); a master key that was
replaced is kept, for backups and for states that share its folder.
"""

from .sealing import Vault

__all__ = ["Vault"]
