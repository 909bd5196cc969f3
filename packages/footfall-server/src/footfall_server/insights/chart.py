def vegalite(result):
    return {}
