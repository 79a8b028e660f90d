"""The Certificate Management Protocol for end entities: RFC 9810, 9483, 9481 and 9811, without and with I/O.

Public, and kept as they are within a major version:

    requests      what is wanted of a CA in, the transaction for it out: ir, cr, p10cr, kur, rr, genm
    transaction   bytes of answers in, events and bytes to send out; knows no socket, clock or random source
    client        drives a transaction: a way to send in, its outcome out
    transport     a URL and a message in, the answer out: HTTP and HTTPS
    events        what a transaction tells while it goes on
    errors        what can go wrong, as a tree under CMPError
    credentials   what messages are protected with: a secret, or a certificate with its key
    policy        what a CA may be forgiven
    general       questions to a CA, and what its answers say
    keys          kinds of keys, made and recognised
    names         subject alternative names

Behind them, and free to change:

    model         messages as data, by the names of the RFCs
    codec         messages as bytes: the one place that knows ASN.1
    checks        what an answer has to hold, numbered
    protection    messages protected and verified, with `mac` and `signatures`
    mac           MACs of a shared secret
    signatures    which signatures are made and accepted
    trust         whether a certificate leads to the CA's
    paths         chains of EdDSA, of ML-DSA, and of RSASSA-PSS with other salts
    confirmation  the hash of a certificate that certConf carries
    issued        what the CA encrypted for this end entity, opened
    verdict       whether an issued certificate is taken, and what certConf says of it
    enveloped     CMS: EnvelopedData, key packages, challenges
    cms_model     the structures of CMS as data
    pkcs10        PKCS #10 requests
    http          the parts of `transport`

Nothing is imported here: each module loads what it needs.
"""
