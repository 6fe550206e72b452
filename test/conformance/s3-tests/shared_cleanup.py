"""A plugin of pytest: cleans up after each test as the suite does, with the same clients each time.

The suite makes seven new clients around every test, one of them for IAM, which is more work than most of its tests are.
"""


def pytest_collection_finish(session):
    import s3tests.functional as suite

    clients = []

    def clean():
        if not clients:
            clients.extend([suite.get_client(), suite.get_alt_client(), suite.get_tenant_client()])
        for client in clients:
            suite.nuke_prefixed_buckets(prefix=suite.prefix, client=client)

    suite.setup = lambda: None
    suite.teardown = clean
